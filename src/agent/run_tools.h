// Tool calls of one model answer: judged, journaled as intent, run with a deadline, appended. Every
// call gets exactly one result, also when it is refused, unknown or stopped.
#pragma once

#include "agent/run_state.h"

namespace carapace::agent {

// Runs the calls of `answer` (already in the transcript) in order. An error means that the store
// failed.
Task<Status> run_tools(RunScope& scope, Message answer);

}  // namespace carapace::agent

// The end of a run: the last message, usage and state in one transaction, then the terminal event.
// Calls that still have no result get one that says so.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/run_state.h"

namespace carapace::agent {

struct Ending {
  store::RunState state = store::RunState::done;
  std::vector<Block> blocks;  // of the last assistant message
  Origin origin;
  std::string error;  // user sentence unless done
  std::string stop_reason;
  std::int64_t at_ms = 0;  // of the last message; 0: now
  // For the journal: what a replay needs to come to the same end.
  std::string partial;  // what was streamed of an answer that did not complete
  std::optional<Error> cause = {};
};

Task<void> finish(RunScope& scope, Ending ending);

// A run that ends because something failed: the visible sentence for people, the cause for the log.
Task<void> finish_failed(RunScope& scope, Error cause, std::string partial_text);
// A run that was told to stop; what was already said stays.
Task<void> finish_aborted(RunScope& scope, std::string partial_text);

}  // namespace carapace::agent

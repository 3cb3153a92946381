// The end of a run: the last message, usage and state in one transaction, then the terminal event.
#pragma once

#include <string>
#include <vector>

#include "agent/run_state.h"

namespace carapace::agent {

struct Ending {
  store::RunState state = store::RunState::done;
  std::vector<Block> blocks;   // of the last assistant message
  Origin origin;
  std::string error;           // user sentence unless done
  std::string stop_reason;
  std::vector<store::JournalRow> journal;
};

Task<void> finish(RunScope& scope, Ending ending);

// A run that ends because something failed: the visible sentence for people, the cause for the log.
Task<void> finish_failed(RunScope& scope, Error cause, std::string partial_text);
// A run that was told to stop; what was already said stays.
Task<void> finish_aborted(RunScope& scope, std::string partial_text);

}  // namespace carapace::agent

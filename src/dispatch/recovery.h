// What a crash left of a turn that had begun: reported, never silently repeated. A tool call whose
// intent is journaled and whose result is not becomes a result "outcome unknown", and the turn ends
// with a visible "interrupted" message. Called once per such run at start; loop thread.
#pragma once

#include <cstdint>

#include "async/task.h"
#include "base/error.h"
#include "domain/run_event.h"
#include "store/runs.h"
#include "store/transcripts.h"

namespace carapace::dispatch {

// How the run ended, for whoever already waits for it.
Task<Result<RunEnded>> report_interrupted(store::Runs& runs, store::Transcripts& transcripts,
                                          store::RunRow run, std::int64_t now_ms);

}  // namespace carapace::dispatch

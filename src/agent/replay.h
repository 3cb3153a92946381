// A recorded run again, without network, tools or time: what the models and tools said comes from
// the run's journal, everything else is the turn's own code. Made from the journal rows of one
// closed run; the caller gives its parts to a TurnRunner over a store that holds the conversation
// as it was before the run, and passes every published event to `observe`. For `run replay` and for
// tests. Loop thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "async/stop.h"
#include "base/clock.h"
#include "base/error.h"
#include "domain/run_event.h"
#include "provider/router.h"
#include "store/runs.h"
#include "tool/policy.h"
#include "tool/registry.h"

namespace carapace::agent {

class Replay {
 public:
  // invalid_request: a row that is no row of a run, or a run whose end was never written. `stop` is
  // the one that the replayed turn is given: a run that was stopped is stopped at the same place
  // again.
  static Result<std::unique_ptr<Replay>> from(std::vector<store::JournalRow> journal, Stop stop);
  ~Replay();
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;

  const Clock& clock() const;
  provider::Router& router();
  tool::ApprovalDesk& desk();
  // These rows (what the recorded gateway had), answering from the journal. The replay outlives it.
  tool::Registry tools(std::span<const tool::Spec* const> rows);
  void observe(const RunEvent& event);
  // Was everything that is in the journal used? conflict says what was not: the turn went another
  // way.
  Status finished() const;

 private:
  struct Impl;
  explicit Replay(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace carapace::agent

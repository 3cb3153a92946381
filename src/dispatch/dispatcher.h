// The door's implementation: accept → lane → turn → waiters. Also what happens at start (recovery
// of what a crash left) and at the end (draining). Owned by app/; loop thread.
#pragma once

#include <cstdint>
#include <memory>

#include "agent/turn.h"
#include "async/task_group.h"
#include "dispatch/door.h"
#include "dispatch/fanout.h"

namespace carapace::dispatch {

struct DispatchSettings {
  AgentId default_agent{"main"};
  std::size_t per_lane = 50;  // messages that may wait in one session
  std::size_t at_once = 64;   // turns that run together
  // While the store cannot take the beginning of an accepted message (a full disk, say), it is
  // tried again for this long; then the message is reported as failed and stays accepted for the
  // next start.
  std::int64_t begin_patience_ms = 600'000;
};

struct DispatchPorts {
  TaskGroup& group;
  const Clock& clock;
  Random& random;
  store::Runs& runs;
  store::Transcripts& transcripts;
  agent::TurnRunner& runner;
  Fanout& fanout;
};

class Dispatcher final : public Door {
 public:
  Dispatcher(DispatchPorts ports, DispatchSettings settings);
  ~Dispatcher() override;

  Task<Result<Acceptance>> submit(Inbound inbound) override;
  Task<Result<std::optional<Outcome>>> wait(RunId run, std::int64_t limit_ms) override;
  std::vector<RunId> abort(const SessionKey& key, const RunId& run, std::string reason) override;

  // Once, at start: queued messages go back into their lanes, interrupted turns are ended visibly.
  // What was submitted since the start is left alone.
  struct Recovered {
    std::size_t resumed = 0;
    std::size_t interrupted = 0;
  };
  Task<Result<Recovered>> recover();
  // Refuses new messages, gives running turns `limit_ms`, then stops them (they end as
  // interrupted). What waits stays accepted for the next start.
  Task<void> drain(std::int64_t limit_ms);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace carapace::dispatch

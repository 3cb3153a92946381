// THE one door. Whatever speaks to the gateway comes here as an Inbound and is accepted durably or
// refused; an accepted one ends in exactly one visible outcome. Called by gateway methods, channels
// and (later) the scheduler; loop thread; owned by app/.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/task.h"
#include "base/error.h"
#include "domain/inbound.h"
#include "domain/session_key.h"
#include "store/runs.h"

namespace carapace::dispatch {

struct Acceptance {
  // started: accepted just now. in_flight: this run id was accepted before and has not ended.
  // ended: it has.
  enum class State : std::uint8_t { started, in_flight, ended };
  State state = State::started;
  store::RunRow run;  // for `ended` with its outcome
};

// How a run ended, for those who wait: `agent`, `agent.wait`, HTTP.
struct Outcome {
  store::RunState state = store::RunState::done;
  std::string text;   // the final text
  std::string error;  // user sentence unless done
  std::string stop_reason;
  std::string provider;
  std::string model;
  Usage usage;
  std::int64_t started_ms = 0;
  std::int64_t ended_ms = 0;
};

class Door {
 public:
  virtual ~Door() = default;

  // Judges, routes and accepts. When this returns success the message is on disk. Errors:
  // invalid_request (empty, bad key), too_large, forbidden (another person's session), rate_limited
  // (the lane is full), unavailable (store; shutting down).
  virtual Task<Result<Acceptance>> submit(Inbound inbound) = 0;

  // Waits for the end of a run; nullopt when the time ran out; not_found for a run that never was.
  virtual Task<Result<std::optional<Outcome>>> wait(RunId run, std::int64_t limit_ms) = 0;

  // Stops running and queued runs of a session (one run, or all when `run` is empty); answers
  // which. `reason` becomes the stop reason: rpc, stop, timeout.
  virtual std::vector<RunId> abort(const SessionKey& key, const RunId& run, std::string reason) = 0;
};

}  // namespace carapace::dispatch

// The turn: one accepted run from its first model call to its end. The only loop (model → tools →
// model) is here, counted and bounded. Knows no channel and no socket. Called by dispatch once per
// run, in that session's lane; loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "async/stop.h"
#include "async/task.h"
#include "base/clock.h"
#include "base/random.h"
#include "domain/run_event.h"
#include "provider/router.h"
#include "store/runs.h"
#include "store/sessions.h"
#include "store/transcripts.h"
#include "tool/policy.h"
#include "tool/registry.h"

namespace carapace::agent {

struct Settings {
  std::int64_t max_model_calls = 25;  // agents.defaults.maxTurns
  std::int64_t timeout_ms = 600'000;  // agents.defaults.timeoutSeconds
  std::string thinking_default;       // agents.defaults.thinkingDefault
  bool verbose_default = false;       // agents.defaults.verboseDefault
  std::int64_t context_tokens =
      0;  // agents.defaults.contextTokens: upper bound; 0: the model's window
  std::string host, os, version, time_zone;
  // Pauses before a run's end is stored again, when the store could not take it (a full disk, say).
  std::vector<std::int64_t> store_retries_ms{100, 400, 1'500};
};

struct Ports {
  Loop& loop;
  const Clock& clock;
  Random& random;
  store::Runs& runs;
  store::Sessions& sessions;
  store::Transcripts& transcripts;
  provider::Router& router;
  const tool::Registry& tools;
  tool::ApprovalDesk& desk;
  std::function<void(RunEvent)> publish;
};

struct RunScope;

class TurnRunner {
 public:
  TurnRunner(Ports ports, Settings settings)
      : ports_(std::move(ports)), settings_(std::move(settings)) {}

  // `run` is in state running. Ends with the run closed in the store and RunEnded published,
  // whatever happens; only a store that fails leaves it open (then the next start reports it as
  // interrupted).
  Task<void> run(store::RunRow run, Stop stop);

  // What a turn works with: commands answer from the same rows and models.
  const Ports& ports() const { return ports_; }
  const Settings& settings() const { return settings_; }
  // For turns that begin from now on.
  void apply(Settings settings) { settings_ = std::move(settings); }

 private:
  Task<void> steps(RunScope& scope);

  Ports ports_;
  Settings settings_;
};

}  // namespace carapace::agent

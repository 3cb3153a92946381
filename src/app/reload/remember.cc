// What a keeper leaves for later starts and for the commands of this machine.
#include <unistd.h>

#include "app/reload/keeper_impl.h"
#include "app/start/standing.h"
#include "async/coro.h"
#include "log/log.h"

namespace carapace::app {
namespace {

constexpr log::Log kLog{"config"};

}  // namespace

// The configuration that a gateway runs with is what a later start can fall back on, once nothing
// of it waits any more.
Task<void> Keeper::Impl::keep_plan() {
  if (plan->file_error || !plan->config.from_file()) co_return;
  const auto kept = co_await offload(
      pool,
      [in = plan->place.state_dir, document = plan->config.document(), at_ms = clock.wall_ms(),
       good = plan == proven] { return keep_document(in, document, at_ms, good); });
  if (!kept)
    kLog.warn("the configuration could not be kept for later starts",
              {{"cause", kept.error().detail}});
}

Task<void> Keeper::Impl::keep(std::shared_ptr<Impl> self) { co_await self->keep_plan(); }

Task<void> Keeper::Impl::remember(ReloadOutcome outcome) {
  Standing standing;
  standing.pid = ::getpid();
  standing.config_file = plan->place.config_path;
  standing.in_force = state.in_force;
  standing.seen = state.hash;
  standing.outcome = state.valid ? to_text(outcome) : "invalid";
  standing.parts = outcome == ReloadOutcome::hot ? last_plan.parts() : std::vector<std::string>();
  standing.waiting = state.waiting;
  if (!state.valid) standing.problems = sentences(state, config::Severity::error);
  const auto written = co_await offload(
      pool, [in = plan->place.state_dir, standing] { return write_standing(in, standing); });
  if (!written)
    kLog.warn("the state of the configuration could not be written down",
              {{"cause", written.error().detail}});
}

}  // namespace carapace::app

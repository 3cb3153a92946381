// The inside of a keeper, for the files that make it up: what it knows and when it looks
// (keeper.cc), what it makes of a look (judge.cc), restarts (restart.cc), and what it leaves for
// others (remember.cc). Private to these. Loop thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/reload/config_look.h"
#include "app/reload/keeper.h"
#include "app/reload/settling.h"
#include "async/file_watch.h"
#include "async/pool.h"
#include "async/signal.h"
#include "async/task_group.h"
#include "base/clock.h"
#include "base/json_fwd.h"

namespace carapace::app {

struct Keeper::Impl : std::enable_shared_from_this<Impl> {
  Loop& loop;
  Options options;
  config::Environment environment;
  SystemClock clock;
  Pool pool{"config", 1};
  TaskGroup work;
  std::unique_ptr<FileWatch> watch;
  std::vector<std::string> watched;

  std::shared_ptr<const Plan> plan;       // taken over by the house that runs
  std::shared_ptr<const Plan> candidate;  // the newest that the file gave; null: that in force
  std::shared_ptr<const Plan> proven;     // the newest of which nothing waited in a house that ran
  std::shared_ptr<const json::value> in_force;  // the tree that the running house has applied
  std::shared_ptr<const json::value> refused;   // no house could be started with this one
  ConfigState state;
  config::ReloadMode mode = config::ReloadMode::hybrid;
  std::int64_t debounce_ms = 300;

  std::optional<HouseEnds> house;
  Settling settling;
  Signal changed;
  std::uint64_t wanted = 0, done = 0;  // looks that were asked for
  Signal finished;
  ReloadOutcome last = ReloadOutcome::none;
  config::ReloadPlan last_plan;
  std::vector<config::Change> left;  // that the last look told of and left for a restart
  enum class Waiting : std::uint8_t { nothing, ours, asked };
  Waiting restart_waits = Waiting::nothing;
  std::uint64_t restart_number = 0;  // of the restart that waits; one that was replaced is void
  bool restarting = false;

  Impl(Loop& on, Options given, config::Environment real, Plan first);

  std::int64_t now() const { return clock.steady_ms(); }
  void take_settings(const config::Config& config);
  void start_watching();
  void set_watched(std::vector<WatchedFile> files);

  static Task<void> serve(std::shared_ptr<Impl> self);
  static Task<void> settle_in(std::shared_ptr<Impl> self);
  Task<void> wait_until_due();
  Task<void> look();
  std::shared_ptr<const Plan> plan_for(ConfigLook& found) const;

  ReloadOutcome act(std::shared_ptr<const Plan> next);
  ReloadOutcome take_over(std::shared_ptr<const Plan> next, const config::ReloadPlan& what,
                          config::ReloadStep step);
  ReloadOutcome reject(ConfigState found, bool asked);
  void tell(ReloadOutcome outcome, const config::ReloadPlan& what);

  void begin_restart(std::string reason);
  void restart_in(std::int64_t delay_ms, std::string by, Waiting who);
  static Task<void> restart_later(std::shared_ptr<Impl> self, std::uint64_t number,
                                  std::int64_t delay_ms, std::string by);
  std::shared_ptr<const Plan> return_to(std::shared_ptr<const Plan> good, const Error& cause);

  Task<void> remember(ReloadOutcome outcome);
  Task<void> keep_plan();
  static Task<void> keep(std::shared_ptr<Impl> self);
};

}  // namespace carapace::app

// Keeps the configuration of a gateway that runs: watches its files, looks at what changed away
// from the loop, and applies it, or restarts the gateway in this process, as the plan of the rows
// and `gateway.reload.mode` say. A file that became invalid changes nothing: the last good
// configuration stays in force and everybody is told. Owned by `carapace start`, for as long as the
// process runs: it outlives every House. Loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "app/start/plan.h"
#include "async/loop.h"
#include "async/task.h"
#include "base/json_fwd.h"
#include "config/reload_plan.h"

namespace carapace::app {

enum class ReloadOutcome : std::uint8_t {
  none,     // nothing differs, or nothing that a running gateway minds
  hot,      // applied
  restart,  // the gateway starts anew for it
  waiting,  // the mode says that it waits for the next start
  invalid,  // the file cannot be used; what was in force stays
};
std::string_view to_text(ReloadOutcome outcome);

struct ConfigNews {
  ReloadOutcome outcome = ReloadOutcome::none;
  const config::ReloadPlan& plan;  // of this look; empty when the file is invalid
  const ConfigState& state;
};

// What a running house offers its keeper.
struct HouseEnds {
  // Applies everything of the plan that can be applied.
  std::function<void(std::shared_ptr<const Plan> next, const config::ReloadPlan& what)> apply;
  std::function<void(const ConfigNews& news)> tell;
  // Ends the house, so that another one follows.
  std::function<void(const std::string& reason)> restart;
};

class Keeper {
 public:
  // `first` is what the first house starts with.
  Keeper(Loop& loop, Options options, config::Environment environment, Plan first);
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  // From here on changes are applied to this house, which listens already; its configuration counts
  // as good. `detach` before the house goes.
  void attach(HouseEnds house);
  void detach();

  // The newest that was taken over; what of it waits for a restart is in force as `in_force` says.
  std::shared_ptr<const Plan> plan() const;
  const json::value& in_force() const;
  const ConfigState& state() const;
  config::ReloadMode mode() const;
  const config::Environment& environment() const;  // of the process

  // Looks at the file now, whatever the watcher says: after a write, for SIGHUP and
  // `config.reload`. Answers when what was there at the call has been dealt with.
  Task<ReloadOutcome> reload();
  void reload_soon();  // the same, and nobody waits for it
  // The plan of the newest look that found something to do.
  const config::ReloadPlan& last_plan() const;

  // A restart in this process, `delay_ms` from now, with the file as it is then when that is valid.
  // False: one waits already, and that stands.
  bool request_restart(std::int64_t delay_ms, std::string reason);

  // For `carapace start`, when a house has ended: the plan of the next one; null: the process ends.
  // `port`: where the one before listened, for a start that took any port.
  std::shared_ptr<const Plan> next_plan(std::uint16_t port);
  // The house could not start with that plan: the newest that a house has run with, nothing of it
  // left waiting, is in force again, and the file counts as invalid for this reason. It is tried
  // again when the file changes or somebody asks.
  std::shared_ptr<const Plan> fall_back(const Error& cause);
  // The same for the first house, which has none before it.
  std::shared_ptr<const Plan> fall_back(const Error& cause, Plan good);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace carapace::app

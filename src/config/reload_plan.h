// What a changed configuration means for a gateway that runs: which keys differ, and for each
// whether it applies now, starts one part anew or needs a restart. Computed from the rows alone, so
// it can be shown without applying anything (`carapace config plan`). Paths only, never values: a
// plan may be printed and sent. Pure; any thread.
//
// Facts of other versions that are kept here: a list that differs is one change at the list's path;
// a key that no row knows takes the strongest class of the section around it, and a restart when
// nobody knows the section either.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.h"
#include "config/schema.h"

namespace carapace::config {

class Config;

enum class ReloadMode : std::uint8_t {
  off,      // changes wait for the next start
  hot,      // applies what can be applied and warns about the rest
  hybrid,   // applies when everything can be applied, else restarts once
  restart,  // restarts for every change that means anything
};
ReloadMode reload_mode_from(std::string_view text);  // hybrid for anything unknown
std::string_view to_text(ReloadMode mode);

struct Change {
  std::string path;
  Reload reload = Reload::restart;
  std::vector<std::string> parts = {};  // what starts anew, for Reload::subsystem
  bool known = true;                    // some row speaks of it
  bool operator==(const Change&) const = default;
};

// What is to be done with a plan under a mode.
enum class ReloadStep : std::uint8_t { nothing, apply, restart };

struct ReloadPlan {
  std::vector<Change> changes;  // in the order of their paths

  bool empty() const { return changes.empty(); }
  // Paths of one class.
  std::vector<std::string> paths(Reload reload) const;
  std::vector<std::string> paths() const;
  // Names of what starts anew, each once, sorted.
  std::vector<std::string> parts() const;
  bool needs_restart() const;
  // In mode hot the restart-needing rest is left: see `paths(Reload::restart)`.
  ReloadStep step(ReloadMode mode) const;
};

// Both trees have references filled in, so that a changed variable is a change of its users. null
// counts as not set, and so does the default of a key that needs a restart: nobody restarts for
// nothing.
ReloadPlan plan_reload(const json::value& before, const json::value& after, const Schema& schema);
ReloadPlan plan_reload(const Config& before, const Config& after, const Schema& schema);

// For people; ends without a line break. "Nothing differs." for an empty plan.
std::string to_text(const ReloadPlan& plan);
// {now:[path], parts:[{name,keys:[path]}], restart:[path], nothing:[path], needsRestart}
json::value to_json(const ReloadPlan& plan);

}  // namespace carapace::config

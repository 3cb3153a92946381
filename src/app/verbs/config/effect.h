// What a change of the configuration does to the gateway that runs, or at the next start: asked of
// the gateway where one runs, and computed from the rows either way. Inside app/verbs/ only.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/start/standing.h"
#include "app/verbs/config/actions.h"
#include "base/json_fwd.h"
#include "config/config.h"
#include "config/reload_plan.h"
#include "config/write/writer.h"

namespace carapace::app {

struct Effect {
  bool running = false;
  std::string outcome;  // next_start, hot, restart, waiting, none, invalid, off, elsewhere, unknown
  config::ReloadPlan plan = {};
  std::vector<std::string> parts = {};
  std::vector<std::string> problems = {};
  std::vector<std::string> unused = {};  // changed keys that this version only keeps
  std::string file = {};                 // the one that the gateway reads, for `elsewhere`
};

// Waits up to three seconds for a gateway that runs. `before` is the configuration before the
// change; absent when it had none that could be used.
Effect effect_of(const ConfigCall& call, const std::optional<config::Config>& before,
                 const config::Written& written);

std::string to_text(const Effect& effect);
json::object to_json(const Effect& effect);

// The writer for the file in use.
config::WriteResult with_writer(
    const ConfigCall& call,
    const std::function<config::WriteResult(const config::Writer& writer)>& work);

// Why no gateway could start with a configuration that the rows have nothing against: two keys that
// do not go together, an address that nobody can listen on. nullopt: it could, or there is none.
std::optional<Error> start_problem(const ConfigCall& call, const config::Inspection& found);

// A write that is tried first, and refused when it brings such a problem. `work` is called once or
// twice with the request to use.
config::WriteResult checked_write(
    const ConfigCall& call, const config::Inspection& before, config::WriteRequest request,
    const std::function<config::WriteResult(const config::Writer& writer,
                                            const config::WriteRequest& request)>& work);

// Prints why nothing was written; answers the exit code.
int report(const config::Refusal& refusal, const config::Inspection& found, bool as_json);
// Prints what was written ("KEY is set in FILE.") and what it does; answers the exit code.
int report_written(const ConfigCall& call, const std::string& sentence,
                   const config::Written& written, const config::Inspection& before);

}  // namespace carapace::app

// config ACTION: the configuration file, for people and scripts. The actions are in config/.
#include <algorithm>
#include <array>
#include <string_view>

#include "app/start/fields.h"
#include "app/terminal/output.h"
#include "app/verbs/config/actions.h"
#include "app/verbs/verbs.h"
#include "log/log.h"

namespace carapace::app {
namespace {

struct Action {
  std::string_view name;
  int (*run)(const ConfigCall&);
};

constexpr std::array kActions{
    Action{"show", config_show},         Action{"get", config_get},
    Action{"set", config_set},           Action{"unset", config_unset},
    Action{"edit", config_edit},         Action{"path", config_path},
    Action{"validate", config_validate}, Action{"schema", config_schema},
    Action{"plan", config_plan},         Action{"history", config_history},
    Action{"diff", config_diff},         Action{"rollback", config_rollback},
    Action{"import", config_import},     Action{"explain", config_explain},
};

}  // namespace

int run_config(const Options& options, const config::Environment& environment) {
  const auto paths = config::resolve_paths(environment, {options.state_dir, options.config_file});
  if (!paths) return report(paths.error(), options.json);
  // What is told to a person here is not told twice.
  log::Settings quiet;
  quiet.console = log::Style::off;
  log::configure(quiet);
  const ConfigCall call{options, environment, *paths, schema()};
  const auto action = std::ranges::find(kActions, options.config_action, &Action::name);
  return action == kActions.end() ? kExitUsage : action->run(call);
}

}  // namespace carapace::app

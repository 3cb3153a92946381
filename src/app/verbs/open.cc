// open: the browser app, signed in. The token stands behind '#', which browsers keep to themselves.
#include "app/client/session.h"
#include "app/start/plan.h"
#include "app/terminal/output.h"
#include "app/verbs/verbs.h"
#include "base/random.h"
#include "fs/directory.h"
#include "process/spawn.h"
#include "secret/token.h"

namespace carapace::app {

int run_open(const Options& options, const config::Environment& environment) {
  const auto plan = make_plan(options, environment);
  if (!plan) return report(plan.error());
  std::string token = plan->token;
  if (plan->auth_mode == rpc::AuthMode::token && token.empty()) {
    // Before the first start this makes the token that the start will then use.
    SystemRandom random;
    if (const auto made = fs::ensure_dir(plan->place.state_dir); !made) return report(made.error());
    const auto loaded = secret::load_or_create_token(plan->token_path(), random);
    if (!loaded) return report(loaded.error());
    token = std::string(loaded->reveal());
  }
  std::string url = plan->local_url("http") + plan->base_path + "/";
  if (plan->auth_mode == rpc::AuthMode::token) url += "#token=" + token;
  if (options.print_only) {
    print_line(url);
    return kExitOk;
  }
  // Without a display there is no browser to open; the address is then what helps.
  const bool desktop = environment.get("DISPLAY") || environment.get("WAYLAND_DISPLAY");
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment.all()) variables.push_back(name + "=" + value);
  if (desktop && process::spawn_detached({"xdg-open", url}, variables)) return kExitOk;
  print_error("no browser could be opened here; open this address yourself:");
  print_line(url);
  return kExitOk;
}

}  // namespace carapace::app

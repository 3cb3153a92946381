// open: the browser app, signed in. The token stands behind '#', which browsers keep to themselves.
#include <fmt/format.h>

#include <utility>

#include "app/client/session.h"
#include "app/start/own_credential.h"
#include "app/start/plan.h"
#include "app/terminal/output.h"
#include "app/verbs/verbs.h"
#include "async/coro.h"
#include "async/loop.h"
#include "base/json.h"
#include "base/random.h"
#include "fs/directory.h"
#include "net/port_probe.h"
#include "process/spawn.h"
#include "secret/token.h"

namespace carapace::app {
namespace {

constexpr std::int64_t kProbeMs = 2'000;

Task<void> probe(Loop& loop, std::string host, std::uint16_t port, bool& up) {
  up = co_await net::is_listening(loop, std::move(host), port, kProbeMs);
}

bool is_up(const Plan& plan) {
  Loop loop;
  bool up = false;
  auto host = plan.addresses.front();
  if (host == "0.0.0.0" || host == "::") host = "127.0.0.1";
  loop.run_task(probe(loop, std::move(host), plan.port, up));
  return up;
}

}  // namespace

int run_open(const Options& options, const config::Environment& environment) {
  const auto plan = make_usable_plan(options, environment);
  if (!plan) return report(plan.error());
  const auto own = open_credential(*plan, *make_opener(*plan));
  if (!own) return report(own.error());
  std::string token(own->token.reveal());
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
  if (options.json) {
    print_line(dump_json(json::object{{"url", url}}));
    return kExitOk;
  }
  if (options.print_only) {
    print_line(url);
    return kExitOk;
  }
  if (!is_up(*plan))
    return report(
        {Errc::unavailable, fmt::format("no gateway answers at {}. Start one with: carapace start",
                                        plan->local_url("http"))});
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

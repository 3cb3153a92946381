#include "app/doctor/ground.h"

#include <algorithm>
#include <utility>

#include "app/doctor/finding.h"
#include "app/doctor/web_look.h"
#include "app/start/fields.h"
#include "base/json.h"
#include "fs/lock.h"
#include "net/listeners.h"

namespace carapace::doctor {
namespace {

constexpr std::int64_t kHealthMs = 2'000;

// What a start would do. Where only the bind stands in its way, the rest is still worth a look;
// with a broken file the port and the folders are those of a start without one.
Status plan_start(Ground& ground, const config::Environment& environment) {
  TRY(const auto place, app::find_place(ground.options, environment));
  TRY(const auto config, ground.config() ? Result<config::Config>(*ground.config())
                                         : config::Config::from_text("", ground.paths.config_file,
                                                                     app::schema(), environment));
  auto plan = app::plan_of(ground.options, place, config);
  if (!plan) {
    ground.plan_error = plan.error();
    auto options = ground.options;
    options.bind = "loopback";
    plan = app::plan_of(options, place, config);
    ground.refused_for_bind = plan.has_value();
  }
  if (plan) ground.plan = std::move(*plan);
  return {};
}

// Asks the gateway how it is, at the port where it can be found.
void ask_gateway(Running& running, std::uint16_t planned, const std::string& proc) {
  const auto listening = net::listeners_of(running.pid, proc);
  for (const auto& one : listening)
    if (running.port == 0 || one.port == planned) running.port = one.port;
  if (listening.empty() && running.pid == 0) running.port = planned;
  if (running.port == 0) return;
  WebLook look{.url = "http://127.0.0.1:" + std::to_string(running.port) + "/health"};
  look_at_web({&look}, kHealthMs);
  running.answers = look.status == 200;
  if (const auto said = parse_json(look.body); said && said->is_object())
    running.version = string_or(said->get_object(), "version", "");
}

void find_running(Ground& ground) {
  const auto lock = ground.state_file("gateway.lock");
  if (!fs::is_locked(lock)) return;
  Running running{.pid = fs::lock_holder(lock)};
  ask_gateway(running, ground.plan ? ground.plan->port : 0, ground.proc);
  ground.running = running;
}

}  // namespace

std::string Ground::command(std::string_view words) const {
  const auto end = std::min(words.find("   #"), words.size());
  auto out = "carapace " + std::string(words.substr(0, end));
  if (!options.config_file.empty()) out += " --config " + shell_word(paths.config_file);
  if (!options.state_dir.empty()) out += " --state-dir " + shell_word(paths.state_dir);
  return out.append(words.substr(end));
}

Result<Ground> look_around(const app::Options& options, const config::Environment& environment,
                           const Clock& clock) {
  TRY(auto paths, config::resolve_paths(environment, {options.state_dir, options.config_file}));
  Ground ground{
      .options = options, .environment = environment, .paths = std::move(paths), .clock = clock};
  ground.inspection = config::inspect(ground.paths.config_file, app::schema(), environment);
  TRY_STATUS(plan_start(ground, environment));
  find_running(ground);
  return ground;
}

}  // namespace carapace::doctor

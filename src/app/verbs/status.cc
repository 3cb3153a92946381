// status: is it up, which model answers and why.
#include <fmt/format.h>

#include "app/client/session.h"
#include "app/terminal/output.h"
#include "app/verbs/verbs.h"
#include "async/coro.h"
#include "base/json.h"

namespace carapace::app {
namespace {

constexpr std::int64_t kCallMs = 10'000;

// Only what somebody has to do something about.
void print_config(const json::object& config) {
  constexpr std::size_t kShown = 3;
  if (!find_bool(config, "valid").value_or(true)) {
    print_line("config    the file cannot be used; what was in force before it stays in force:");
    std::size_t shown = 0;
    if (const auto* issues = find_array(config, "issues"))
      for (const auto& item : *issues) {
        const auto* issue = item.if_object();
        if (!issue || string_or(*issue, "severity", "") != "error" || ++shown > kShown) continue;
        const auto at = string_or(*issue, "at", string_or(config, "file", ""));
        const auto path = string_or(*issue, "path", "");
        print_line(fmt::format("          {}: {}{}", at, path.empty() ? "" : path + ": ",
                               string_or(*issue, "message", "")));
      }
  }
  const auto* waiting = find_array(config, "waiting");
  if (!waiting || waiting->empty()) return;
  std::string keys;
  for (const auto& key : *waiting)
    if (key.is_string())
      keys += (keys.empty() ? "" : ", ") + std::string(std::string_view(key.get_string()));
  print_line(fmt::format("config    waits for a restart: {}", keys));
}

void print_human(const json::object& status, const json::object& hello, const Plan& plan) {
  const auto* server = find_object(hello, "server");
  print_line(fmt::format("gateway   up at {} (version {})", plan.local_url("http"),
                         server ? string_or(*server, "version", "?") : "?"));
  const auto* snapshot = find_object(hello, "snapshot");
  if (snapshot)
    print_line(fmt::format("uptime    {} s", find_int(*snapshot, "uptimeMs").value_or(0) / 1'000));
  if (const auto* model = find_object(status, "model")) {
    print_line(fmt::format("model     {}", model_in_words(*model)));
    print_line(fmt::format("          {}", string_or(*model, "reason", "")));
  }
  if (const auto* file = find_object(status, "config")) print_config(*file);
  if (const auto* sessions = find_object(status, "sessions"))
    print_line(fmt::format("sessions  {}", find_int(*sessions, "count").value_or(0)));
  // Where the gateway that answers keeps its things; to a client from elsewhere it does not say.
  if (snapshot && snapshot->contains("stateDir")) {
    print_line(fmt::format("state     {}", string_or(*snapshot, "stateDir", "")));
    print_line(fmt::format("config    {}", string_or(*snapshot, "configPath", "")));
  }
}

Task<int> look(GatewayClient& client, const Plan& plan, bool as_json) {
  const auto status = co_await client.call("status", {}, kCallMs);
  if (!status) co_return report(status.error(), as_json);
  if (as_json) {
    print_line(dump_json(*status));
  } else if (status->is_object()) {
    print_human(status->get_object(), client.hello(), plan);
  }
  co_return kExitOk;
}

}  // namespace

int run_status(const Options& options, const config::Environment& environment) {
  const auto plan = make_usable_plan(options, environment);
  if (!plan) return report(plan.error(), options.json);
  return with_gateway(options, environment,
                      [&plan, as_json = options.json](Loop&, GatewayClient& client) {
                        return look(client, *plan, as_json);
                      });
}

}  // namespace carapace::app

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
  const auto plan = make_plan(options, environment);
  if (!plan) return report(plan.error(), options.json);
  return with_gateway(options, environment,
                      [&plan, as_json = options.json](Loop&, GatewayClient& client) {
                        return look(client, *plan, as_json);
                      });
}

}  // namespace carapace::app

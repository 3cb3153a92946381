#include "app/client/session.h"

#include <fmt/format.h>

#include <utility>

#include "app/start/own_credential.h"
#include "app/terminal/output.h"
#include "app/version.h"
#include "async/coro.h"
#include "base/json.h"
#include "secret/token.h"

namespace carapace::app {
namespace {

using Work = std::function<Task<int>(Loop&, GatewayClient&)>;

// The gateway's own words are for every client; here is what a person at this machine can do.
Error with_advice(Error error, const Plan& plan) {
  if (error.code != Errc::unauthorized) return error;
  if (plan.auth_mode == rpc::AuthMode::token)
    error.detail += fmt::format(
        "\nThis command took the token from {}. The gateway that answers has another one: give it "
        "with --token or CARAPACE_GATEWAY_TOKEN, or use the --state-dir and --config it was "
        "started "
        "with.",
        plan.token.empty() ? plan.token_path()
                           : "--token, the configuration or CARAPACE_GATEWAY_TOKEN");
  return error;
}

Task<void> connect_then(Loop& loop, GatewayAddress address, const Plan& plan, bool as_json,
                        const Work& work, int& code) {
  auto client = co_await GatewayClient::connect(loop, std::move(address), kVersion);
  if (!client) {
    code = report(with_advice(client.error(), plan), as_json);
    co_return;
  }
  code = co_await work(loop, **client);
  co_await (*client)->close();
}

}  // namespace

Result<GatewayAddress> local_address(const Plan& plan) {
  TRY(const auto own, open_credential(plan, *make_opener(plan)));
  GatewayAddress address{plan.local_url("ws"), std::string(own.token.reveal()),
                         std::string(own.password.reveal())};
  if (plan.auth_mode != rpc::AuthMode::token || !address.token.empty()) return address;
  auto token = secret::load_token(plan.token_path());
  if (!token)
    return fail(Errc::not_found,
                "there is no gateway token in {} yet. Start the gateway first: carapace start",
                plan.place.state_dir);
  address.token = std::string(token->reveal());
  return address;
}

Task<Result<std::unique_ptr<GatewayClient>>> connect_again(Loop& loop, const Plan& plan) {
  auto address = local_address(plan);
  if (!address) co_return std::unexpected(address.error());
  co_return co_await GatewayClient::connect(loop, std::move(*address), kVersion);
}

std::string model_in_words(const json::object& model) {
  auto ref = string_or(model, "ref", "?");
  if (find_bool(model, "offline").value_or(false))
    return ref + " (offline guide – no model configured)";
  return ref;
}

int with_gateway(const Options& options, const config::Environment& environment, Work work) {
  const auto plan = make_usable_plan(options, environment);
  if (!plan) return report(plan.error(), options.json);
  auto address = local_address(*plan);
  if (!address) return report(address.error(), options.json);
  Loop loop;
  int code = kExitFailed;
  loop.run_task(connect_then(loop, std::move(*address), *plan, options.json, work, code));
  return code;
}

}  // namespace carapace::app

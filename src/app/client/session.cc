#include "app/client/session.h"

#include <utility>

#include "app/terminal/output.h"
#include "app/version.h"
#include "async/coro.h"
#include "secret/token.h"

namespace carapace::app {
namespace {

using Work = std::function<Task<int>(Loop&, GatewayClient&)>;

Task<void> connect_then(Loop& loop, GatewayAddress address, const Work& work, int& code) {
  auto client = co_await GatewayClient::connect(loop, std::move(address), kVersion);
  if (!client) {
    code = report(client.error());
    co_return;
  }
  code = co_await work(loop, **client);
  co_await (*client)->close();
}

}  // namespace

Result<GatewayAddress> local_address(const Plan& plan) {
  GatewayAddress address{plan.local_url("ws"), plan.token, plan.password};
  if (plan.auth_mode != rpc::AuthMode::token) {
    address.token.clear();
    return address;
  }
  address.password.clear();
  if (!address.token.empty()) return address;
  auto token = secret::load_token(plan.token_path());
  if (!token)
    return fail(Errc::not_found,
                "there is no gateway token in {} yet. Start the gateway first: carapace start",
                plan.place.state_dir);
  address.token = std::string(token->reveal());
  return address;
}

int with_gateway(const Options& options, const config::Environment& environment, Work work) {
  const auto plan = make_plan(options, environment);
  if (!plan) return report(plan.error());
  auto address = local_address(*plan);
  if (!address) return report(address.error());
  Loop loop;
  int code = kExitFailed;
  loop.run_task(connect_then(loop, std::move(*address), work, code));
  return code;
}

}  // namespace carapace::app

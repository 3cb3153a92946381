// One command's conversation with the gateway: reads where it is, connects, runs the command's
// work, leaves.
#pragma once

#include <functional>

#include "app/client/gateway_client.h"
#include "app/start/plan.h"
#include "async/loop.h"

namespace carapace::app {

// The address and credential that this machine's commands use. not_found when there is no token
// yet.
Result<GatewayAddress> local_address(const Plan& plan);

// `work` is called connected; its exit code is the command's. Prints connection errors by itself.
int with_gateway(const Options& options, const config::Environment& environment,
                 std::function<Task<int>(Loop&, GatewayClient&)> work);

}  // namespace carapace::app

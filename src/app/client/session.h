// One command's conversation with the gateway: reads where it is, connects, runs the command's
// work, leaves.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/client/gateway_client.h"
#include "app/start/plan.h"
#include "async/loop.h"

namespace carapace::app {

// The address and credential that this machine's commands use. not_found when there is no token
// yet.
Result<GatewayAddress> local_address(const Plan& plan);

// A further connection for the same plan; errors as GatewayClient::connect has them.
Task<Result<std::unique_ptr<GatewayClient>>> connect_again(Loop& loop, const Plan& plan);

// The `model` of a status answer as a person reads it: which one answers, and why.
std::string model_in_words(const json::object& model);

// `work` is called connected; its exit code is the command's. Prints connection errors by itself.
int with_gateway(const Options& options, const config::Environment& environment,
                 std::function<Task<int>(Loop&, GatewayClient&)> work);

}  // namespace carapace::app

// A client of a running gateway, for the command line: connects, signs in, calls methods, hears events. One
// connection; loop thread. It speaks protocol 3 like every other client.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "async/loop.h"
#include "async/task.h"
#include "base/error.h"
#include "base/json_fwd.h"

namespace carapace::app {

struct GatewayAddress {
  std::string url;    // ws://127.0.0.1:18789
  std::string token;
  std::string password;
};

class GatewayClient {
 public:
  using OnEvent = std::function<void(const std::string& event, const json::object& payload)>;

  // unavailable when nobody listens (the detail says how to start one), unauthorized when the credential is
  // refused, with the gateway's words.
  static Task<Result<std::unique_ptr<GatewayClient>>> connect(Loop& loop, GatewayAddress address, std::string version);
  virtual ~GatewayClient() = default;

  // The payload of the first response; with `wait_final` the response after an `accepted` one.
  virtual Task<Result<json::value>> call(std::string method, json::object params, std::int64_t limit_ms,
                                         bool wait_final = false) = 0;
  virtual void on_event(OnEvent handler) = 0;
  // Called once when the connection ends, with why.
  virtual void on_closed(std::function<void(const std::string&)> handler) = 0;
  virtual const json::object& hello() const = 0;
  virtual Task<void> close() = 0;
};

}  // namespace carapace::app

// A client of a running gateway, for the command line: connects, signs in, calls methods, hears
// events. One connection; loop thread. It speaks protocol 3 like every other client.
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
  std::string url;  // ws://127.0.0.1:18789
  std::string token;
  std::string password;
};

class GatewayClient {
 public:
  using OnEvent = std::function<void(const std::string& event, const json::object& payload)>;

  // unavailable when nobody listens (the detail says how to start one), unauthorized when the
  // credential is refused, with the gateway's words.
  static Task<Result<std::unique_ptr<GatewayClient>>> connect(Loop& loop, GatewayAddress address,
                                                              std::string version);
  ~GatewayClient();
  GatewayClient(const GatewayClient&) = delete;
  GatewayClient& operator=(const GatewayClient&) = delete;

  // The payload of the first response; with `wait_final` the response after an `accepted` one.
  Task<Result<json::value>> call(std::string method, json::object params, std::int64_t limit_ms,
                                 bool wait_final = false);
  void on_event(OnEvent handler);
  // Called once when the connection ends, with why.
  void on_closed(std::function<void(const std::string&)> handler);
  const json::object& hello() const;
  Task<void> close();

 private:
  struct Impl;
  explicit GatewayClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace carapace::app

// The health summary (protocol §2.1): made from the store at most once a second, kept for a minute,
// and told to everybody when it was made anew. Refreshes that are asked for at the same time share
// one. Owned by the gateway; loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "async/signal.h"
#include "async/task.h"
#include "base/error.h"
#include "gateway/gateway.h"

namespace carapace::gateway {

inline constexpr std::int64_t kHealthFreshMs = 60'000;

class Health {
 public:
  using Summary = std::shared_ptr<const std::string>;  // JSON text

  // `on_refreshed` is called after every refresh, before its waiters go on.
  Health(const GatewayPorts& ports, const Settings& settings, std::function<void()> on_refreshed);

  Summary cached() const { return summary_; }  // null before the first refresh
  bool fresh(std::int64_t within_ms = kHealthFreshMs) const;
  void outdated() { made_ms_ = -kHealthFreshMs; }  // whatever it says, it is not fresh
  // Makes it anew, or waits for the refresh that is running. unavailable when the store does not
  // answer.
  Task<Result<Summary>> refresh();

 private:
  Task<Result<std::string>> make();

  const GatewayPorts& ports_;
  const Settings& settings_;
  std::function<void()> on_refreshed_;
  Summary summary_;
  std::int64_t made_ms_ = 0;
  bool running_ = false;
  Result<Summary> last_;
  Signal done_;
};

}  // namespace carapace::gateway

#include "gateway/web/throttle.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace carapace::gateway {
namespace {

constexpr std::size_t kAddresses = 10'000;

}  // namespace

std::string throttle_key(std::string_view address) {
  std::array<unsigned char, 16> bytes{};
  std::string text(address.substr(0, address.find('%')));
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
  return std::string(reinterpret_cast<const char*>(bytes.data()), 8);
}

void Throttle::forget_old(std::int64_t now_ms) {
  std::erase_if(failures_, [now_ms](const auto& entry) {
    return now_ms - entry.second.back() >= kFailureWindowMs;
  });
  // More attackers than memory for them: everybody starts again rather than nobody being counted.
  if (failures_.size() >= kAddresses) failures_.clear();
  swept_ms_ = now_ms;
}

bool Throttle::over(std::string_view address, std::int64_t now_ms) const {
  const auto found = failures_.find(throttle_key(address));
  return found != failures_.end() && std::ranges::count_if(found->second, [now_ms](auto at) {
                                       return now_ms - at < kFailureWindowMs;
                                     }) >= static_cast<std::ptrdiff_t>(kFailuresAllowed);
}

std::optional<std::int64_t> Throttle::failed(std::string_view address, std::int64_t now_ms) {
  if (now_ms - swept_ms_ >= kFailureWindowMs || failures_.size() >= kAddresses) forget_old(now_ms);
  auto& times = failures_[throttle_key(address)];
  while (!times.empty() && now_ms - times.front() >= kFailureWindowMs) times.pop_front();
  if (times.size() >= kFailuresAllowed) return kFailureWindowMs - (now_ms - times.front());
  times.push_back(now_ms);
  return std::nullopt;
}

}  // namespace carapace::gateway

// Slows guessing: counts wrong credentials per address (an IPv6 network of 64 bits counts as one).
// Who is over the limit is told to come back later instead of being told that the guess was wrong;
// a right credential is never locked out, so nobody can be shut out by somebody else's guesses.
// Loopback counts like everybody. Owned by the gateway; loop thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace carapace::gateway {

inline constexpr std::size_t kFailuresAllowed = 10;
inline constexpr std::int64_t kFailureWindowMs = 60'000;

class Throttle {
 public:
  // Counts one failure; how long to wait when there were too many (milliseconds), else nullopt.
  std::optional<std::int64_t> failed(std::string_view address, std::int64_t now_ms);

 private:
  void forget_old(std::int64_t now_ms);

  std::unordered_map<std::string, std::deque<std::int64_t>> failures_;
  std::int64_t swept_ms_ = 0;
};

// What counts as one address.
std::string throttle_key(std::string_view address);

}  // namespace carapace::gateway

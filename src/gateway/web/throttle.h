// Slows guessing: counts wrong credentials per address (an IPv6 network of 64 bits counts as one).
// Who is over the limit is told to come back later instead of being told that the guess was wrong.
// From elsewhere nothing is believed until then, not even a right credential: a guesser would find
// it. On this machine everybody has the same address, so there a right credential always enters and
// nobody is shut out by somebody else's guesses. Owned by the gateway; loop thread.
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
  // Has this address failed so often that it is not believed now?
  bool over(std::string_view address, std::int64_t now_ms) const;

 private:
  void forget_old(std::int64_t now_ms);

  std::unordered_map<std::string, std::deque<std::int64_t>> failures_;
  std::int64_t swept_ms_ = 0;
};

// What counts as one address.
std::string throttle_key(std::string_view address);

}  // namespace carapace::gateway

#include "base/clock.h"

#include <chrono>

namespace carapace {
namespace {

std::int64_t milliseconds(auto at) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

}  // namespace

std::int64_t SystemClock::wall_ms() const { return milliseconds(std::chrono::system_clock::now()); }

std::int64_t SystemClock::steady_ms() const {
  return milliseconds(std::chrono::steady_clock::now());
}

}  // namespace carapace

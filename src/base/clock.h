// Time is passed in. Wall time is Unix milliseconds (what the protocol speaks); deadlines and
// durations use the steady reading, which no clock change can move. Implementations are
// thread-safe.
#pragma once

#include <cstdint>

namespace carapace {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t wall_ms() const = 0;    // Unix epoch, milliseconds
  virtual std::int64_t steady_ms() const = 0;  // arbitrary origin, never goes back
};

class SystemClock final : public Clock {
 public:
  std::int64_t wall_ms() const override;
  std::int64_t steady_ms() const override;
};

}  // namespace carapace

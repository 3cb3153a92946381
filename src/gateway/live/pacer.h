// "Soon, but not more often than that": calls a function at once when it was quiet, else once when
// the interval is over, however often it was asked meanwhile. Loop thread; owned beside what it
// calls.
#pragma once

#include <cstdint>
#include <functional>

#include "async/task.h"

namespace carapace {
class Clock;
class TaskGroup;
}  // namespace carapace

namespace carapace::gateway {

class Pacer {
 public:
  Pacer(TaskGroup& group, const Clock& clock, std::int64_t interval_ms, std::function<void()> call);
  void ask();

 private:
  Task<void> later(std::int64_t wait_ms);
  void call_now();

  TaskGroup& group_;
  const Clock& clock_;
  std::int64_t interval_ms_;
  std::function<void()> call_;
  std::int64_t last_ms_;
  bool armed_ = false;
};

}  // namespace carapace::gateway

#include "gateway/live/pacer.h"

#include <chrono>
#include <utility>

#include "async/coro.h"
#include "async/task_group.h"
#include "base/clock.h"

namespace carapace::gateway {

Pacer::Pacer(TaskGroup& group, const Clock& clock, std::int64_t interval_ms,
             std::function<void()> call)
    : group_(group),
      clock_(clock),
      interval_ms_(interval_ms),
      call_(std::move(call)),
      last_ms_(clock.steady_ms() - interval_ms) {}

void Pacer::ask() {
  if (armed_) return;
  const auto wait = last_ms_ + interval_ms_ - clock_.steady_ms();
  if (wait <= 0) return call_now();
  armed_ = true;
  group_.spawn(later(wait));
}

Task<void> Pacer::later(std::int64_t wait_ms) {
  co_await sleep_for(std::chrono::milliseconds(wait_ms));
  armed_ = false;
  call_now();
}

void Pacer::call_now() {
  last_ms_ = clock_.steady_ms();
  call_();
}

}  // namespace carapace::gateway

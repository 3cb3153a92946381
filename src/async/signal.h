// A condition that coroutines of the loop wait for. `notify_all` wakes who waits now; there is no
// memory, so a waiter checks its condition in a loop. Loop thread only.
#pragma once

#include <chrono>
#include <memory>

#include "async/task.h"

namespace carapace {

class Signal {
 public:
  Signal();
  ~Signal();
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  void notify_all();
  Task<void> wait();
  Task<bool> wait_for(std::chrono::milliseconds limit);  // false when the time ran out first

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace carapace

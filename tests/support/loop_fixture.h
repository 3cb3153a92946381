// What most tests of coroutines need: run one task on a fresh loop and get its value, a clock that
// moves only when told, randomness that repeats. Header only; the test's own thread is the loop
// thread. A task that does not end within the limit ends the process with a message, so that a hang
// is a failure.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <thread>
#include <type_traits>
#include <utility>

#include "async/coro.h"
#include "async/loop.h"
#include "base/clock.h"
#include "base/random.h"

namespace carapace::test {

class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t wall_ms = 1'769'508'000'000) : wall_ms_(wall_ms) {}
  std::int64_t wall_ms() const override { return wall_ms_.load(); }
  std::int64_t steady_ms() const override { return steady_ms_.load(); }
  void advance(std::int64_t ms) {
    wall_ms_ += ms;
    steady_ms_ += ms;
  }
  void set_wall(std::int64_t ms) { wall_ms_ = ms; }  // a clock change: the steady reading stays

 private:
  std::atomic<std::int64_t> wall_ms_;
  std::atomic<std::int64_t> steady_ms_{1'000};
};

// The same bytes in every run (splitmix64 from a seed); different ones in every call.
class FixedRandom final : public Random {
 public:
  explicit FixedRandom(std::uint64_t seed = 1) : state_(seed) {}
  void fill(std::span<std::byte> out) override {
    const std::scoped_lock lock(mutex_);
    for (auto& byte : out) byte = static_cast<std::byte>(next() >> 56U);
  }

 private:
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31U);
  }
  std::mutex mutex_;
  std::uint64_t state_;
};

// Ends the process when it lives longer than the limit.
class Watchdog {
 public:
  explicit Watchdog(std::chrono::seconds limit)
      : thread_([this, limit](const std::stop_token& stop) {
          std::unique_lock lock(mutex_);
          const auto ended = [&stop] { return stop.stop_requested(); };
          // Some libraries answer false when the stop comes just before the wait: ask again.
          if (!ended_.wait_for(lock, stop, limit, ended) && !ended()) {
            std::fputs("a test task did not end in time\n", stderr);
            std::abort();
          }
        }) {}

 private:
  std::mutex mutex_;
  std::condition_variable_any ended_;
  std::jthread thread_;
};

template <typename T>
Task<void> keep_value(Task<T> task, std::optional<T>* out) {
  out->emplace(co_await std::move(task));
}

// Runs the task to its end and answers its value; what it throws passes through.
template <typename T>
T run(Loop& loop, Task<T> task, std::chrono::seconds limit = std::chrono::seconds(60)) {
  const Watchdog watchdog(limit);
  if constexpr (std::is_void_v<T>) {
    loop.run_task(std::move(task));
  } else {
    std::optional<T> value;
    loop.run_task(keep_value<T>(std::move(task), &value));
    return std::move(*value);
  }
}

// For one-liners: a loop of its own for one task.
template <typename T>
T run(Task<T> task) {
  Loop loop;
  return run(loop, std::move(task));
}

class LoopTest : public ::testing::Test {
 protected:
  template <typename T>
  T run(Task<T> task) {
    return test::run(loop_, std::move(task));
  }

  ManualClock clock_;
  FixedRandom random_;
  Loop loop_;
};

}  // namespace carapace::test

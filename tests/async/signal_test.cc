#include "async/signal.h"

#include <gtest/gtest.h>

#include <exception>
#include <memory>
#include <vector>

#include "async/task_group.h"
#include "support/loop_fixture.h"

namespace carapace {
namespace {

using namespace std::chrono_literals;
using SignalTest = test::LoopTest;

Task<void> wait_on(Signal* signal, std::chrono::milliseconds limit, std::vector<int>* out) {
  out->push_back(co_await signal->wait_for(limit) ? 1 : 0);
}

TEST_F(SignalTest, TimeRunsOut) {
  Signal signal;
  EXPECT_FALSE(run(signal.wait_for(1ms)));
}

TEST_F(SignalTest, WakesEverybodyWhoWaitsAndNobodyLater) {
  Signal signal;
  std::vector<int> out;
  run([](Loop* loop, Signal* s, std::vector<int>* seen) -> Task<void> {
    s->notify_all();  // nobody waits: forgotten
    TaskGroup group(*loop, [](std::exception_ptr) { ADD_FAILURE(); });
    for (int i = 0; i < 5; ++i) group.spawn(wait_on(s, 1h, seen));
    co_await yield_now();
    EXPECT_TRUE(seen->empty());
    s->notify_all();
    co_await group.join();
    EXPECT_FALSE(co_await s->wait_for(1ms));
  }(&loop_, &signal, &out));
  EXPECT_EQ(out, std::vector<int>(5, 1));
}

TEST_F(SignalTest, NotifyAndTimeOutAtOnceCountAsNotified) {
  Signal signal;
  std::vector<int> out;
  run([](Loop* loop, Signal* s, std::vector<int>* seen) -> Task<void> {
    TaskGroup group(*loop, [](std::exception_ptr) { ADD_FAILURE(); });
    group.spawn(wait_on(s, 0ms, seen));
    co_await yield_now();
    s->notify_all();
    co_await group.join();
  }(&loop_, &signal, &out));
  ASSERT_EQ(out.size(), 1U);
}

TEST_F(SignalTest, CancelUnwindsTheWait) {
  Signal signal;
  std::vector<int> out;
  run([](Loop* loop, Signal* s, std::vector<int>* seen) -> Task<void> {
    TaskGroup group(*loop, [](std::exception_ptr) { ADD_FAILURE(); });
    group.spawn(wait_on(s, 1h, seen));
    co_await yield_now();
    group.cancel();
    co_await group.join();
    s->notify_all();  // the waiter has left the list
  }(&loop_, &signal, &out));
  EXPECT_TRUE(out.empty());
}

// Whoever waits may outlive the signal it waits on.
TEST_F(SignalTest, SignalMayGoFirst) {
  auto signal = std::make_unique<Signal>();
  std::vector<int> out;
  run([](Loop* loop, std::unique_ptr<Signal>* s, std::vector<int>* seen) -> Task<void> {
    TaskGroup group(*loop, [](std::exception_ptr) { ADD_FAILURE(); });
    group.spawn(wait_on(s->get(), 20ms, seen));
    co_await yield_now();
    s->reset();
    co_await group.join();
  }(&loop_, &signal, &out));
  EXPECT_EQ(out, std::vector<int>{0});
}

}  // namespace
}  // namespace carapace

#include "async/completion.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "async/task_group.h"
#include "support/loop_fixture.h"

namespace carapace {
namespace {

using CompletionTest = test::LoopTest;

TEST_F(CompletionTest, AnotherThreadResumesTheWaiterOnTheLoop) {
  std::jthread other;
  const auto home = std::this_thread::get_id();
  const auto value = run([](std::jthread* thread, std::thread::id loop) -> Task<std::string> {
    auto answer = co_await park<std::string>([thread](Waiter<std::string> waiter) {
      *thread = std::jthread(
          [waiter = std::move(waiter)]() mutable { std::move(waiter).complete("hello"); });
    });
    EXPECT_EQ(std::this_thread::get_id(), loop);
    co_return answer;
  }(&other, home));
  EXPECT_EQ(value, "hello");
}

TEST_F(CompletionTest, AnAnswerDuringTheStartIsKept) {
  const auto value = run([]() -> Task<int> {
    co_return co_await park<int>([](Waiter<int> waiter) { std::move(waiter).complete(7); });
  }());
  EXPECT_EQ(value, 7);
}

TEST_F(CompletionTest, ValuesThatOnlyMoveArrive) {
  const auto value = run([]() -> Task<std::unique_ptr<int>> {
    co_return co_await park<std::unique_ptr<int>>([](Waiter<std::unique_ptr<int>> waiter) {
      std::move(waiter).complete(std::make_unique<int>(3));
    });
  }());
  EXPECT_EQ(*value, 3);
}

Task<void> wait_in(std::vector<std::pair<Waiter<int>, int>>* batch, std::vector<int>* order) {
  const auto answer = co_await park<int>([batch](Waiter<int> waiter) {
    const auto number = static_cast<int>(batch->size());
    batch->emplace_back(std::move(waiter), number);
  });
  order->push_back(answer);
}

TEST_F(CompletionTest, ABatchWakesEverybodyInOrder) {
  std::vector<std::pair<Waiter<int>, int>> batch;
  std::vector<int> order;
  run([](Loop* loop, auto* all, auto* out) -> Task<void> {
    TaskGroup group(*loop, [](std::exception_ptr) { ADD_FAILURE(); });
    for (int i = 0; i < 50; ++i) group.spawn(wait_in(all, out));
    co_await yield_now();
    EXPECT_EQ(all->size(), 50U);
    std::jthread([all] { complete_all(std::move(*all)); }).join();
    EXPECT_TRUE(out->empty());  // nobody runs before the loop turns
    co_await group.join();
  }(&loop_, &batch, &order));
  ASSERT_EQ(order.size(), 50U);
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST_F(CompletionTest, ABatchMayWaitOnTwoLoops) {
  Loop second;
  std::vector<std::pair<Waiter<int>, int>> batch;
  std::vector<int> here, there;
  TaskGroup group(loop_, [](std::exception_ptr) {});
  TaskGroup other(second, [](std::exception_ptr) {});
  group.spawn(wait_in(&batch, &here));
  other.spawn(wait_in(&batch, &there));
  run([]() -> Task<void> { co_await yield_now(); }());
  second.run_task([]() -> Task<void> { co_await yield_now(); }());
  ASSERT_EQ(batch.size(), 2U);
  complete_all(std::move(batch));
  second.run_task([](TaskGroup* all) -> Task<void> { co_await all->join(); }(&other));
  EXPECT_EQ(there.size(), 1U);
  EXPECT_TRUE(here.empty());
  run([](TaskGroup* all) -> Task<void> { co_await all->join(); }(&group));
  EXPECT_EQ(here.size(), 1U);
}

TEST_F(CompletionTest, AWaiterKeepsTheLoopRunning) {
  Waiter<int> kept;
  bool ended = false;
  TaskGroup group(loop_, [](std::exception_ptr) {});
  group.spawn([](Waiter<int>* into, bool* done) -> Task<void> {
    co_await park<int>([into](Waiter<int> waiter) { *into = std::move(waiter); });
    *done = true;
  }(&kept, &ended));
  run([]() -> Task<void> { co_await yield_now(); }());
  ASSERT_TRUE(kept.pending());
  std::jthread answer([&kept] { std::move(kept).complete(1); });
  loop_.run();  // returns when nothing is left: not before the answer
  EXPECT_TRUE(ended);
}

TEST(CompletionDeathTest, AnsweringNobodyIsOurMistake) {
  EXPECT_DEATH(
      {
        Waiter<int> nobody;
        std::move(nobody).complete(1);
      },
      "pending");
}

}  // namespace
}  // namespace carapace

#include "async/task_group.h"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "async/pool.h"
#include "async/signal.h"
#include "base/error.h"
#include "support/loop_fixture.h"

namespace carapace {
namespace {

using namespace std::chrono_literals;
using TaskGroupTest = test::LoopTest;

struct Count {
  int started = 0;
  int finished = 0;
  int unwound = 0;
};

struct Unwind {
  Count* count;
  ~Unwind() { ++count->unwound; }
};

Task<void> sleeper(Count* count, std::chrono::milliseconds time) {
  const Unwind unwind{count};
  ++count->started;
  co_await sleep_for(time);
  ++count->finished;
}

TEST_F(TaskGroupTest, JoinWaitsForAll) {
  Count count;
  run([](Loop* loop, Count* c) -> Task<void> {
    TaskGroup group(*loop, [](std::exception_ptr) { ADD_FAILURE(); });
    for (int i = 0; i < 10; ++i) group.spawn(sleeper(c, std::chrono::milliseconds(i)));
    EXPECT_EQ(group.size(), 10U);
    co_await group.join();
    EXPECT_EQ(group.size(), 0U);
    co_await group.join();
  }(&loop_, &count));
  EXPECT_EQ(count.finished, 10);
}

TEST_F(TaskGroupTest, CancelUnwindsEveryTask) {
  Count count;
  run([](Loop* loop, Count* c) -> Task<void> {
    TaskGroup group(*loop,
                    [](std::exception_ptr) { ADD_FAILURE() << "cancellation is no failure"; });
    for (int i = 0; i < 10; ++i) group.spawn(sleeper(c, 1h));
    co_await yield_now();
    EXPECT_EQ(c->started, 10);
    group.cancel();
    group.cancel();
    co_await group.join();
  }(&loop_, &count));
  EXPECT_EQ(count.finished, 0);
  EXPECT_EQ(count.unwound, 10);
}

TEST_F(TaskGroupTest, CancelBeforeTheFirstStep) {
  Count count;
  run([](Loop* loop, Count* c) -> Task<void> {
    TaskGroup group(*loop, [](std::exception_ptr) { ADD_FAILURE(); });
    group.spawn(sleeper(c, 1h));
    group.cancel();
    co_await group.join();
  }(&loop_, &count));
  EXPECT_EQ(count.finished, 0);
}

Task<void> thrower(std::string what) {
  co_await yield_now();
  throw std::runtime_error(what);
}

TEST_F(TaskGroupTest, FailuresReachTheNetAndOthersGoOn) {
  Count count;
  std::vector<std::string> failures;
  run([](Loop* loop, Count* c, std::vector<std::string>* seen) -> Task<void> {
    TaskGroup group(*loop, [seen](std::exception_ptr error) {
      try {
        std::rethrow_exception(error);
      } catch (const std::exception& e) {
        seen->emplace_back(e.what());
      }
    });
    group.spawn(thrower("one"));
    group.spawn(sleeper(c, 5ms));
    group.spawn(thrower("two"));
    co_await group.join();
  }(&loop_, &count, &failures));
  EXPECT_EQ(failures, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(count.finished, 1);
}

Task<void> spawner(TaskGroup* group, int depth, Count* count) {
  ++count->started;
  if (depth > 0) group->spawn(spawner(group, depth - 1, count));
  co_await yield_now();
  ++count->finished;
}

TEST_F(TaskGroupTest, TasksMaySpawnMore) {
  Count count;
  run([](Loop* loop, Count* c) -> Task<void> {
    TaskGroup group(*loop, [](std::exception_ptr) { ADD_FAILURE(); });
    group.spawn(spawner(&group, 20, c));
    co_await group.join();
  }(&loop_, &count));
  EXPECT_EQ(count.finished, 21);
}

// --- work on a pool -----------------------------------------------------------------------------

Task<void> offloaded(Pool* pool, std::atomic<bool>* release, Count* count) {
  const Unwind unwind{count};
  ++count->started;
  const auto value = co_await offload(*pool, [release] {
    release->wait(false);
    return 7;
  });
  EXPECT_EQ(value, 7);
  ++count->finished;
  co_await yield_now();
  ++count->finished;
}

TEST_F(TaskGroupTest, CancelWaitsForWorkOnAnotherThread) {
  Pool pool("test", 1);
  std::atomic<bool> release{false};
  Count count;
  run([](Loop* loop, Pool* p, std::atomic<bool>* r, Count* c) -> Task<void> {
    TaskGroup group(*loop, [](std::exception_ptr) { ADD_FAILURE(); });
    group.spawn(offloaded(p, r, c));
    while (c->started == 0) co_await yield_now();
    group.cancel();
    EXPECT_EQ(group.size(), 1U) << "the other thread still holds its part";
    r->store(true);
    r->notify_all();
    co_await group.join();
  }(&loop_, &pool, &release, &count));
  EXPECT_EQ(count.unwound, 1);
  EXPECT_LT(count.finished, 2) << "the cancellation is remembered";
}

TEST_F(TaskGroupTest, OffloadRunsElsewhereAndComesHome) {
  Pool pool("test", 2);
  const auto home = std::this_thread::get_id();
  const auto elsewhere = run([](Pool* p, std::thread::id loop_thread) -> Task<std::thread::id> {
    const auto id = co_await offload(*p, [] { return std::this_thread::get_id(); });
    EXPECT_EQ(std::this_thread::get_id(), loop_thread);
    co_return id;
  }(&pool, home));
  EXPECT_NE(elsewhere, home);
}

TEST_F(TaskGroupTest, OffloadCarriesResultsAndThingsThatOnlyMove) {
  Pool pool("test", 1);
  const auto failed = run(offload(pool, []() -> Status { return fail(Errc::conflict, "no"); }));
  EXPECT_EQ(failed.error().detail, "no");
  auto owned = std::make_unique<int>(4);
  EXPECT_EQ(*run(offload(pool, [owned = std::move(owned)]() mutable { return std::move(owned); })),
            4);
}

TEST(Pool, DestructorFinishesTheQueue) {
  std::atomic<int> done{0};
  {
    Pool pool("a-rather-long-pool-name", 3);
    for (int i = 0; i < 200; ++i) pool.submit([&] { ++done; });
  }
  EXPECT_EQ(done, 200);
  const Pool never_used("idle", 4);
}

TEST(Pool, UsesItsThreads) {
  std::atomic<int> inside{0};
  Pool pool("wide", 3);
  for (int i = 0; i < 3; ++i)
    pool.submit([&] {
      ++inside;
      inside.notify_all();
      for (int seen = inside; seen < 3; seen = inside)
        inside.wait(seen);  // ends only when all three run at once
    });
  for (int seen = inside; seen < 3; seen = inside) inside.wait(seen);
  EXPECT_EQ(inside, 3);
}

// --- the loop -----------------------------------------------------------------------------------

TEST(LoopRun, PostFromOtherThreadsKeepsTheOrderOfEach) {
  Loop loop;
  std::vector<int> seen;
  std::jthread other([&] {
    for (int i = 0; i < 100; ++i) loop.post([&seen, i] { seen.push_back(i); });
    loop.post([&loop] { loop.stop(); });
  });
  other.join();
  loop.run();
  ASSERT_EQ(seen.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], i);
}

TEST(LoopRun, TaskFailurePassesThrough) {
  Loop loop;
  EXPECT_THROW(loop.run_task(thrower("out")), std::runtime_error);
  bool ran = false;
  loop.run_task([](bool* flag) -> Task<void> {
    co_await yield_now();
    *flag = true;
  }(&ran));
  EXPECT_TRUE(ran) << "the loop can be used again";
}

TEST(LoopRun, SignalsReachTheirHandlerEachTime) {
  Loop loop;
  std::vector<int> seen;
  loop.on_signal({SIGUSR1, SIGUSR2}, [&](int number) {
    seen.push_back(number);
    if (seen.size() == 1) ::raise(SIGUSR2);
    if (seen.size() == 2) loop.stop();
  });
  ::raise(SIGUSR1);
  loop.run();
  EXPECT_EQ(seen, (std::vector<int>{SIGUSR1, SIGUSR2}));
}

}  // namespace
}  // namespace carapace

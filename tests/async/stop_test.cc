#include "async/stop.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "async/deadline.h"
#include "support/loop_fixture.h"

namespace carapace {
namespace {

using namespace std::chrono_literals;

TEST(Stop, FirstReasonWinsAndCallbacksRunOnce) {
  const Stop stop;
  const Stop copy = stop;  // NOLINT(performance-unnecessary-copy-initialization): copies share
  int calls = 0;
  const auto registration = copy.on_stop([&] { ++calls; });
  EXPECT_FALSE(stop.requested());
  stop.request("user");
  copy.request("timeout");
  EXPECT_TRUE(copy.requested());
  EXPECT_EQ(copy.reason(), "user");
  EXPECT_EQ(calls, 1);
}

TEST(Stop, LateComersAreToldAtOnce) {
  const Stop stop;
  stop.request("x");
  bool called = false;
  const auto registration = stop.on_stop([&] { called = true; });
  EXPECT_TRUE(called);
}

TEST(Stop, RegistrationThatWentIsNotCalled) {
  const Stop stop;
  int calls = 0;
  {
    const auto gone = stop.on_stop([&] { ++calls; });
  }
  auto first = stop.on_stop([&] { ++calls; });
  const auto moved = std::move(first);
  stop.request("x");
  EXPECT_EQ(calls, 1);
}

// A transfer that ends in its callback drops its own registration there.
TEST(Stop, CallbackMayDropItsOwnRegistration) {
  const Stop stop;
  std::vector<int> order;
  std::optional<Stop::Registration> own;
  const auto before = stop.on_stop([&] { order.push_back(1); });
  own.emplace(stop.on_stop([&] {
    order.push_back(2);
    own.reset();
    order.push_back(3);
  }));
  const auto after = stop.on_stop([&] { order.push_back(4); });
  stop.request("x");
  EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4}));
}

TEST(Stop, CallbackMayAskAgainAndRegisterMore) {
  const Stop stop;
  int calls = 0;
  const auto registration = stop.on_stop([&] {
    stop.request("again");
    const auto more = stop.on_stop([&] { ++calls; });
  });
  stop.request("first");
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(stop.reason(), "first");
}

using DeadlineTest = test::LoopTest;

Task<void> wait_until_stopped(Stop stop) {
  for (int i = 0; i < 20'000 && !stop.requested(); ++i) co_await sleep_for(1ms);
}

TEST_F(DeadlineTest, AsksWhenTheTimeIsOver) {
  const Stop stop;
  const Deadline deadline(loop_, stop, 5ms, "too slow");
  run(wait_until_stopped(stop));
  EXPECT_EQ(stop.reason(), "too slow");
}

TEST_F(DeadlineTest, DoesNothingWhenItWentBefore) {
  const Stop stop;
  { const Deadline deadline(loop_, stop, 1ms, "too slow"); }
  run(sleep_for(20ms));
  EXPECT_FALSE(stop.requested());
}

}  // namespace
}  // namespace carapace

#include "store/costs.h"

#include <limits>

#include "async/task_group.h"
#include "store_fixture.h"

namespace carapace::store {
namespace {

using CostsTest = StoreTest;

const std::string kDay = "2026-01-27";
const PrincipalId kAnn{"ann"};

UsageRow used(std::int64_t cost) {
  return {.day = kDay,
          .principal = kOwner,
          .run = RunId("r"),
          .session_key = "agent:main:main",
          .provider = "p",
          .model = "m",
          .usage = {1, 2, 3, 4},
          .cost_micros = cost,
          .priced = true,
          .at_ms = 5};
}

TEST_F(CostsTest, AReservationCountsUntilItIsSettled) {
  const auto first = must(costs().reserve(kOwner, kDay, 60, 100, RunId("r"), 1));
  EXPECT_GT(first, 0);
  EXPECT_EQ(error_of(costs().reserve(kOwner, kDay, 41, 100, RunId("r"), 1)).code,
            Errc::budget_exceeded);
  const auto second = must(costs().reserve(kOwner, kDay, 40, 100, RunId("r"), 1));
  EXPECT_EQ(must(costs().day(kOwner, kDay)).reserved_micros, 100);
  must(costs().settle(first, used(10)));
  EXPECT_EQ(must(costs().day(kOwner, kDay)).reserved_micros, 40);
  EXPECT_EQ(must(costs().day(kOwner, kDay)).spent_micros, 10);
  must(costs().settle(second, used(0)));
  must(costs().reserve(kOwner, kDay, 90, 100, RunId("r"), 1));
  EXPECT_EQ(error_of(costs().reserve(kOwner, kDay, 1, 100, RunId("r"), 1)).code,
            Errc::budget_exceeded);
}

TEST_F(CostsTest, PeopleAndDaysCountAlone) {
  must(costs().reserve(kOwner, kDay, 100, 100, RunId("r"), 1));
  must(costs().reserve(kAnn, kDay, 100, 100, RunId("r"), 1));
  must(costs().reserve(kOwner, "2026-01-28", 100, 100, RunId("r"), 1));
  EXPECT_EQ(must(costs().day(kAnn, kDay)).reserved_micros, 100);
  EXPECT_EQ(must(costs().day(PrincipalId("nobody"), kDay)).reserved_micros, 0);
}

TEST_F(CostsTest, ACallThatPassesMidnightIsPaidByTheDayThatLetItBegin) {
  const auto late = must(costs().reserve(kOwner, "2026-01-26", 60, 100, RunId("r"), 1));
  must(costs().reserve(kOwner, kDay, 100, 100, RunId("r"), 2));
  must(costs().settle(late, used(60)));
  EXPECT_EQ(must(costs().day(kOwner, "2026-01-26")).spent_micros, 60);
  EXPECT_EQ(must(costs().day(kOwner, kDay)).spent_micros, 0) << "the cap of the next day holds";
}

TEST_F(CostsTest, NoCapIsNoLimitAndZeroIsNothing) {
  must(costs().reserve(kOwner, kDay, std::numeric_limits<std::int64_t>::max(), -1, RunId("r"), 1));
  EXPECT_EQ(error_of(costs().reserve(kOwner, kDay, 5, std::numeric_limits<std::int64_t>::max() - 1,
                                     RunId("r"), 1))
                .code,
            Errc::budget_exceeded);
  EXPECT_EQ(error_of(costs().reserve(kAnn, kDay, 1, 0, RunId("r"), 1)).code, Errc::budget_exceeded);
  must(costs().reserve(kAnn, kDay, 0, 0, RunId("r"), 1));
}

TEST_F(CostsTest, NegativeMoneyIsRefused) {
  EXPECT_EQ(error_of(costs().reserve(kOwner, kDay, -1, 100, RunId("r"), 1)).code,
            Errc::invalid_request);
  EXPECT_EQ(error_of(costs().settle(0, used(-1))).code, Errc::invalid_request);
}

TEST_F(CostsTest, AReservationIsSettledOnce) {
  const auto taken = must(costs().reserve(kOwner, kDay, 60, 100, RunId("r"), 1));
  must(costs().settle(taken, used(10)));
  EXPECT_EQ(error_of(costs().settle(taken, used(10))).code, Errc::conflict);
  EXPECT_EQ(must(costs().day(kOwner, kDay)).spent_micros, 10);
  EXPECT_EQ(number("SELECT count(*) FROM usage"), 1);
  must(costs().settle(0, used(5)));  // a call that needed none
  EXPECT_EQ(must(costs().day(kOwner, kDay)).spent_micros, 15);
}

TEST_F(CostsTest, WhatACrashLeftBehindCountsAsSpent) {
  must(costs().reserve(kOwner, kDay, 70, 100, RunId("r"), 1));
  open();
  EXPECT_EQ(error_of(costs().reserve(kOwner, kDay, 31, 100, RunId("r2"), 2)).code,
            Errc::budget_exceeded);
}

Task<void> reserve_one(Costs* costs, int* taken) {
  if (co_await costs->reserve(kOwner, kDay, 10, 100, RunId("r"), 1)) ++*taken;
}

TEST_F(CostsTest, ManyAtOnceNeverPassTheCap) {
  int taken = 0;
  run([](Loop* loop, Costs* all, int* count) -> Task<void> {
    TaskGroup group(*loop, [](std::exception_ptr) { ADD_FAILURE(); });
    for (int i = 0; i < 50; ++i) group.spawn(reserve_one(all, count));
    co_await group.join();
  }(&loop_, &costs(), &taken));
  EXPECT_EQ(taken, 10);
}

TEST_F(CostsTest, TheRunningSumIsTheSumOfTheRows) {
  for (int i = 1; i <= 20; ++i) must(costs().settle(0, used(i)));
  EXPECT_EQ(must(costs().day(kOwner, kDay)).spent_micros,
            number("SELECT sum(cost_micros) FROM usage"));
  EXPECT_EQ(number("SELECT count(*) FROM usage WHERE input = 1 AND output = 2 AND cache_read = 3 "
                   "AND cache_write = 4 AND priced = 1"),
            20);
}

}  // namespace
}  // namespace carapace::store

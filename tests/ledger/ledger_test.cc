// The cap holds on the real store: with many at once, and across a stop that settled nothing.
#include "ledger/ledger.h"

#include <memory>

#include "async/coro.h"
#include "base/time_text.h"
#include "store/engine.h"
#include "support/loop_fixture.h"
#include "support/temp_dir.h"

namespace carapace::ledger {
namespace {

class LedgerTest : public test::LoopTest {
 protected:
  LedgerTest() : group_(loop_, nullptr) { open(1'000); }
  ~LedgerTest() override { run(group_.join()); }

  void open(std::int64_t cap) {
    run(group_.join());
    ledger_.reset();
    costs_.reset();
    engine_.reset();
    auto opened = store::open_engine({.path = dir_ / "carapace.db", .program_version = "test"});
    ASSERT_TRUE(opened) << opened.error().detail;
    engine_ = std::move(*opened);
    costs_ = std::make_unique<store::Costs>(*engine_);
    ledger_ = std::make_unique<Ledger>(*costs_, clock_, group_, Settings{cap});
  }
  Result<std::int64_t> reserve(std::int64_t amount, PrincipalId who = kOwner) {
    return run(ledger_->reserve(std::move(who), RunId("r"), amount));
  }
  store::DaySum today(PrincipalId who = kOwner) {
    return *run(costs_->day(std::move(who), utc_day(clock_.wall_ms())));
  }
  static store::UsageRow usage(std::int64_t cost, PrincipalId who = kOwner) {
    return {"",   std::move(who), RunId("r"), "agent:main:main", "fake", "m", {10, 5, 0, 0},
            cost, true,           0};
  }

  test::TempDir dir_;
  TaskGroup group_;
  std::unique_ptr<store::Engine> engine_;
  std::unique_ptr<store::Costs> costs_;
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(LedgerTest, ReservedMoneyCountsUntilItIsSettled) {
  const auto first = reserve(600);
  ASSERT_TRUE(first);
  EXPECT_NE(*first, 0);
  const auto refused = reserve(500);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::budget_exceeded);
  for (const auto* part : {"$0.0006", "$0.001", "$0.0005"})
    EXPECT_NE(refused.error().detail.find(part), std::string::npos);
  ledger_->settle(*first, usage(100));
  run(ledger_->flush());
  EXPECT_EQ(today().spent_micros, 100);
  EXPECT_EQ(today().reserved_micros, 0);
  EXPECT_TRUE(reserve(900));
  EXPECT_FALSE(reserve(1));
}

TEST_F(LedgerTest, WhatCostsNothingReservesNothing) {
  EXPECT_EQ(*reserve(0), 0);
  EXPECT_EQ(*reserve(-5), 0);
  EXPECT_EQ(today().reserved_micros, 0);
}

TEST_F(LedgerTest, NoCapReservesAllTheSame) {
  open(-1);
  EXPECT_TRUE(reserve(1'000'000'000));
  EXPECT_EQ(today().reserved_micros, 1'000'000'000);
}

TEST_F(LedgerTest, ACapOfZeroLetsNothingPaidThrough) {
  open(0);
  EXPECT_FALSE(reserve(1));
  EXPECT_TRUE(reserve(0));
}

TEST_F(LedgerTest, EachPersonAndEachDayHasItsOwn) {
  EXPECT_TRUE(reserve(1'000));
  EXPECT_FALSE(reserve(1));
  EXPECT_TRUE(reserve(1'000, PrincipalId("second")));
  clock_.advance(24LL * 3600 * 1000);
  EXPECT_TRUE(reserve(1'000));
}

TEST_F(LedgerTest, AReservationThatAStopLeftCountsAsSpent) {
  ASSERT_TRUE(reserve(700));
  open(1'000);
  EXPECT_EQ(today().reserved_micros, 700);
  EXPECT_FALSE(reserve(301));
  EXPECT_TRUE(reserve(300));
}

TEST_F(LedgerTest, SettledRowsThatWereNotWrittenStayCovered) {
  const auto first = reserve(700);
  ledger_->settle(*first, usage(10));
  group_.cancel();  // the process dies before the row is written
  open(1'000);
  EXPECT_EQ(today().spent_micros, 0);
  EXPECT_EQ(today().reserved_micros, 700);
}

TEST_F(LedgerTest, RowsRideTogetherALittleLater) {
  const auto a = reserve(100), b = reserve(100);
  ledger_->settle(*a, usage(10));
  ledger_->settle(*b, usage(20));
  EXPECT_EQ(today().spent_micros, 0);
  run(group_.join());  // the moment passes
  EXPECT_EQ(today().spent_micros, 30);
  EXPECT_EQ(today().reserved_micros, 0);
}

TEST_F(LedgerTest, ASecondSettleOfOneReservationIsNotCountedTwice) {
  const auto first = reserve(100);
  ledger_->settle(*first, usage(10));
  ledger_->settle(*first, usage(10));
  run(ledger_->flush());
  EXPECT_EQ(today().spent_micros, 10);
}

Task<void> one_run(Ledger* ledger, int* let_through, int* over) {
  const auto taken = co_await ledger->reserve(kOwner, RunId("r"), 90);
  if (!taken) {
    ++*over;
    co_return;
  }
  ++*let_through;
  co_await yield_now();
  ledger->settle(*taken, {"", kOwner, RunId("r"), "k", "fake", "m", {1, 1, 0, 0}, 90, true, 0});
}

TEST_F(LedgerTest, FiftyAtOnceNeverPassTheCap) {
  int let_through = 0, over = 0;
  for (int i = 0; i < 50; ++i) group_.spawn(one_run(ledger_.get(), &let_through, &over));
  run(group_.join());
  run(ledger_->flush());
  EXPECT_EQ(let_through, 11);  // 11 × 90 fits into 1000, a twelfth does not
  EXPECT_EQ(over, 39);
  EXPECT_EQ(today().spent_micros, 990);
  EXPECT_EQ(today().reserved_micros, 0);
}

}  // namespace
}  // namespace carapace::ledger

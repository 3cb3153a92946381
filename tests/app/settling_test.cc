#include "app/reload/settling.h"

#include <gtest/gtest.h>

namespace carapace::app {
namespace {

using Kind = FileWatch::Kind;
constexpr std::int64_t kDebounce = 300;

TEST(SettlingTest, NothingIsDueBeforeAnythingChanged) {
  EXPECT_EQ(Settling().due(kDebounce), std::nullopt);
}

TEST(SettlingTest, AWholeFileIsLookedAtAlmostAtOnce) {
  Settling settling;
  settling.changed(Kind::replaced, 1'000);
  EXPECT_EQ(settling.due(kDebounce), 1'000 + kSettleMs);
  EXPECT_EQ(settling.due(5), 1'005);
  EXPECT_EQ(settling.due(0), 1'000);
}

TEST(SettlingTest, FiveRenamesInOneGoAreOneLook) {
  Settling settling;
  for (int i = 0; i < 5; ++i) settling.changed(Kind::replaced, 1'000 + i * 15);
  EXPECT_EQ(settling.due(kDebounce), 1'060 + kSettleMs);
  settling.begin_look();
  EXPECT_EQ(settling.due(kDebounce), std::nullopt);
}

TEST(SettlingTest, AFileThatIsWrittenIntoIsLeftAloneForTheDebounce) {
  Settling settling;
  for (int i = 0; i < 5; ++i) settling.changed(Kind::written, 1'000 + i * 50);
  EXPECT_EQ(settling.due(kDebounce), 1'200 + kDebounce);
}

TEST(SettlingTest, AfterALookThatActedTheNextOneWaits) {
  Settling settling;
  settling.changed(Kind::replaced, 1'000);
  settling.begin_look();
  settling.acted(1'025);
  for (int i = 1; i < 5; ++i) settling.changed(Kind::replaced, 1'025 + i * 40);
  EXPECT_EQ(settling.due(kDebounce), 1'325);
  settling.begin_look();
  settling.acted(1'330);
  settling.changed(Kind::replaced, 9'000);
  EXPECT_EQ(settling.due(kDebounce), 9'000 + kSettleMs);
}

TEST(SettlingTest, WhatMayBeHalfAFileIsLookedAtAgainBeforeItCounts) {
  Settling settling;
  settling.changed(Kind::replaced, 1'000);
  settling.begin_look();
  EXPECT_TRUE(settling.doubt(1'022, kDebounce));
  EXPECT_EQ(settling.due(kDebounce), 1'300);
  settling.begin_look();
  EXPECT_FALSE(settling.doubt(1'300, kDebounce));
  EXPECT_EQ(settling.due(kDebounce), std::nullopt);
  settling.changed(Kind::written, 2'000);
  settling.begin_look();
  EXPECT_FALSE(settling.doubt(2'001, 0)) << "without a debounce nothing is doubted";
}

TEST(SettlingTest, AFileThatNeverRestsIsLookedAtAllTheSame) {
  Settling settling;
  std::int64_t now = 1'000;
  for (; now < 100'000; now += 100) {
    settling.changed(Kind::written, now);
    if (*settling.due(kDebounce) <= now) break;
  }
  EXPECT_LE(now, 1'000 + kPatience * kDebounce);
}

}  // namespace
}  // namespace carapace::app

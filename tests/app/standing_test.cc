#include "app/start/standing.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "fs/lock.h"
#include "support/temp_dir.h"

namespace carapace::app {
namespace {

using test::TempDir;

Standing standing_of(const std::string& seen) {
  return {.pid = ::getpid(),
          .config_file = "/etc/c.json5",
          .in_force = "aa",
          .seen = seen,
          .outcome = "hot",
          .parts = {"logging"},
          .waiting = {"gateway.port"},
          .problems = {}};
}

class StandingTest : public ::testing::Test {
 protected:
  void write(const Standing& standing) {
    const auto written = write_standing(dir_.path(), standing);
    ASSERT_TRUE(written) << written.error().detail;
  }
  TempDir dir_;
};

TEST_F(StandingTest, IsReadAsItWasWrittenWhileTheGatewayHoldsItsLock) {
  const auto lock = fs::lock_state_dir(dir_.path());
  ASSERT_TRUE(lock);
  write(standing_of("bb"));
  const auto read = read_standing(dir_.path());
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, standing_of("bb"));
  EXPECT_EQ(test::mode_of(dir_ / "gateway.json"), 0600U);
}

TEST_F(StandingTest, OneThatIsLeftBehindDoesNotCount) {
  write(standing_of("bb"));
  EXPECT_FALSE(read_standing(dir_.path()));  // nobody holds the lock
  const auto lock = fs::lock_state_dir(dir_.path());
  auto other = standing_of("bb");
  other.pid = 1;  // somebody else than the holder
  write(other);
  EXPECT_FALSE(read_standing(dir_.path()));
}

TEST_F(StandingTest, WhatIsNoStandingIsNone) {
  const auto lock = fs::lock_state_dir(dir_.path());
  EXPECT_FALSE(read_standing(dir_.path()));
  for (const auto* text : {"", "{", "[]", "null", "{}", R"({"pid":"x"})", R"({"pid":-1})"}) {
    test::write_text(dir_ / "gateway.json", text);
    EXPECT_FALSE(read_standing(dir_.path())) << text;
  }
}

TEST_F(StandingTest, WaitsUntilTheFileWasSeen) {
  const auto lock = fs::lock_state_dir(dir_.path());
  write(standing_of("old"));
  int pauses = 0;
  const auto seen = wait_for_standing(dir_.path(), "new", std::chrono::seconds(60), [&] {
    if (++pauses == 3) write(standing_of("new"));
  });
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->seen, "new");
  EXPECT_EQ(pauses, 3);
  EXPECT_FALSE(wait_for_standing(dir_.path(), "never", std::chrono::seconds(0), [] {}));
}

}  // namespace
}  // namespace carapace::app

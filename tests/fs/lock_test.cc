#include "fs/lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "support/temp_dir.h"

namespace carapace::fs {
namespace {

using test::mode_of;
using test::TempDir;
using test::write_text;

// A child that takes the lock, says so, and keeps it until it is killed.
class Holder {
 public:
  explicit Holder(const std::string& dir) {
    std::array<int, 2> pipe{};
    if (::pipe(pipe.data()) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      const auto lock = lock_state_dir(dir);
      const char said = lock ? 'y' : 'n';
      [[maybe_unused]] const auto wrote = ::write(pipe[1], &said, 1);
      for (;;) ::pause();
    }
    char said = 0;
    [[maybe_unused]] const auto got = ::read(pipe[0], &said, 1);
    holds_ = said == 'y';
    ::close(pipe[0]);
    ::close(pipe[1]);
  }
  ~Holder() { end(); }
  void end() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  bool holds() const { return holds_; }
  pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = -1;
  bool holds_ = false;
};

TEST(Lock, SecondOneIsRefusedUntilTheFirstGoes) {
  const TempDir dir;
  const auto path = dir / "a.lock";
  auto first = try_lock(path);
  ASSERT_TRUE(first) << first.error().detail;
  EXPECT_EQ(lock_holder(path), ::getpid());
  EXPECT_EQ(mode_of(path), 0600U);
  const auto second = try_lock(path);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::conflict);
  EXPECT_NE(second.error().detail.find(std::to_string(::getpid())), std::string::npos);
  first->reset();
  EXPECT_TRUE(try_lock(path));
}

TEST(Lock, NamesTheOtherGatewayAndSurvivesItsDeath) {
  const TempDir dir;
  Holder holder(dir.path());
  ASSERT_TRUE(holder.holds());
  const auto refused = lock_state_dir(dir.path());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  const auto expected =
      fmt::format("another gateway (pid {}) uses this state directory", holder.pid());
  EXPECT_NE(refused.error().detail.find(expected), std::string::npos) << refused.error().detail;
  holder.end();
  EXPECT_TRUE(lock_state_dir(dir.path()));
}

TEST(Lock, WaitsNoLongerThanItsBudget) {
  const TempDir dir;
  const auto path = dir / "a.lock";
  const auto first = try_lock(path);
  ASSERT_TRUE(first);
  const auto refused = lock_within(path, std::chrono::milliseconds(60));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
}

TEST(Lock, GetsItWhenTheHolderLeavesInTime) {
  const TempDir dir;
  Holder holder(dir.path());
  ASSERT_TRUE(holder.holds());
  ::kill(holder.pid(), SIGKILL);
  EXPECT_TRUE(lock_within(dir / "gateway.lock", std::chrono::seconds(20)));
}

TEST(Lock, RefusesALinkAndAFolder) {
  const TempDir dir;
  write_text(dir / "target", "keep");
  ASSERT_EQ(::symlink("target", (dir / "link").c_str()), 0);
  EXPECT_EQ(try_lock(dir / "link").error().code, Errc::invalid_request);
  EXPECT_EQ(test::read_text(dir / "target"), "keep");
  EXPECT_EQ(try_lock(dir.path()).error().code, Errc::invalid_request);
  EXPECT_EQ(try_lock(dir / "no/such.lock").error().code, Errc::not_found);
}

TEST(Lock, GarbageInTheFileIsNoHolder) {
  const TempDir dir;
  write_text(dir / "a.lock", "not a pid\n");
  EXPECT_EQ(lock_holder(dir / "a.lock"), 0);
  write_text(dir / "a.lock", "-5");
  EXPECT_EQ(lock_holder(dir / "a.lock"), 0);
  EXPECT_EQ(lock_holder(dir / "none"), 0);
}

}  // namespace
}  // namespace carapace::fs

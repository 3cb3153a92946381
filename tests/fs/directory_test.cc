#include "fs/directory.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/temp_dir.h"

namespace carapace::fs {
namespace {

using test::mode_of;
using test::TempDir;
using test::write_text;

TEST(EnsureDir, CreatesEveryMissingPartOwnerOnly) {
  const TempDir dir;
  const auto old = ::umask(0);
  const auto status = ensure_dir(dir / "a/b//c/");
  ::umask(old);
  ASSERT_TRUE(status) << status.error().detail;
  EXPECT_EQ(mode_of(dir / "a"), 0700U);
  EXPECT_EQ(mode_of(dir / "a/b/c"), 0700U);
  EXPECT_TRUE(ensure_dir(dir / "a/b/c"));
}

TEST(EnsureDir, KeepsTheModeOfWhatExists) {
  const TempDir dir;
  ASSERT_EQ(::mkdir((dir / "d").c_str(), 0755), 0);
  ASSERT_TRUE(ensure_dir(dir / "d"));
  EXPECT_EQ(mode_of(dir / "d"), 0755U);
}

TEST(EnsureDir, RefusesAFolderThatEverybodyMayChange) {
  const TempDir dir;
  ASSERT_EQ(::mkdir((dir / "d").c_str(), 0700), 0);
  ASSERT_EQ(::chmod((dir / "d").c_str(), 0777), 0);
  const auto refused = ensure_dir(dir / "d");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::forbidden);
  EXPECT_NE(refused.error().detail.find("chmod 700"), std::string::npos);
  ASSERT_EQ(::chmod((dir / "d").c_str(), 01777), 0);
  EXPECT_TRUE(ensure_dir(dir / "d"));
}

TEST(EnsureDir, FileInTheWay) {
  const TempDir dir;
  write_text(dir / "f", "x");
  EXPECT_EQ(ensure_dir(dir / "f").error().code, Errc::invalid_request);
  EXPECT_EQ(ensure_dir(dir / "f/sub").error().code, Errc::invalid_request);
  EXPECT_EQ(ensure_dir("").error().code, Errc::invalid_request);
}

TEST(EnsureDir, ReadOnlyPlaceIsExplained) {
  const auto status = ensure_dir("/proc/carapace-cannot-be-here");
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().detail.find("/proc/carapace-cannot-be-here"), std::string::npos);
}

}  // namespace
}  // namespace carapace::fs

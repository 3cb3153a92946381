#include "fs/keep_private.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/lock.h"
#include "support/temp_dir.h"

namespace carapace::fs {
namespace {

mode_t mode_of(const std::string& path) {
  struct stat info{};
  EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
  return info.st_mode & 07777U;
}

TEST(KeepPrivateTest, FilesAndFoldersBecomeTheOwnersAlone) {
  const test::TempDir dir;
  test::write_text(dir / "file", "x");
  ::mkdir((dir / "folder").c_str(), 0777);
  ::chmod((dir / "file").c_str(), 0666);
  ::chmod((dir / "folder").c_str(), 02777);
  EXPECT_TRUE(keep_to_owner(dir / "file"));
  EXPECT_TRUE(keep_to_owner(dir / "folder"));
  EXPECT_EQ(mode_of(dir / "file"), 0600U);
  EXPECT_EQ(mode_of(dir / "folder"), 0700U);
}

TEST(KeepPrivateTest, NothingIsChangedThroughALinkOrUnderAnotherName) {
  const test::TempDir dir;
  test::write_text(dir / "file", "x");
  ::chmod((dir / "file").c_str(), 0644);
  ASSERT_EQ(::symlink((dir / "file").c_str(), (dir / "link").c_str()), 0);
  EXPECT_EQ(keep_to_owner(dir / "link").error().code, Errc::invalid_request);
  ASSERT_EQ(::link((dir / "file").c_str(), (dir / "other").c_str()), 0);
  EXPECT_EQ(keep_to_owner(dir / "file").error().code, Errc::invalid_request);
  EXPECT_EQ(mode_of(dir / "file"), 0644U);
}

TEST(KeepPrivateTest, WhatIsNeitherFileNorFolderIsRefused) {
  const test::TempDir dir;
  ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0666), 0);
  const auto before = mode_of(dir / "fifo");
  EXPECT_EQ(keep_to_owner(dir / "fifo").error().code, Errc::invalid_request);
  EXPECT_EQ(mode_of(dir / "fifo"), before);
  EXPECT_EQ(keep_to_owner(dir / "none").error().code, Errc::not_found);
  EXPECT_EQ(keep_to_owner(std::string("a\0b", 3)).error().code, Errc::invalid_request);
}

TEST(KeepPrivateTest, ALockIsSeenWithoutBeingTaken) {
  const test::TempDir dir;
  const auto path = dir / "lock";
  EXPECT_FALSE(is_locked(path));
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
  {
    const auto held = try_lock(path);
    ASSERT_TRUE(held);
    EXPECT_TRUE(is_locked(path));
    EXPECT_TRUE(is_locked(path));
  }
  EXPECT_FALSE(is_locked(path));
  EXPECT_TRUE(try_lock(path));
}

}  // namespace
}  // namespace carapace::fs

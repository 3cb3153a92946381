#include "fs/atomic_write.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <thread>

#include "fs/io_error.h"
#include "fs/read_file.h"
#include "support/temp_dir.h"

namespace carapace::fs {
namespace {

using test::mode_of;
using test::names_in;
using test::read_text;
using test::TempDir;
using test::write_text;

TEST(AtomicWrite, CreatesOwnerOnlyAndReplaces) {
  const TempDir dir;
  const auto path = dir / "state.json";
  ASSERT_TRUE(atomic_write(path, "one"));
  EXPECT_EQ(read_text(path), "one");
  EXPECT_EQ(mode_of(path), 0600U);
  ASSERT_TRUE(atomic_write(path, std::string("t\0wo", 4)));
  EXPECT_EQ(read_text(path), std::string("t\0wo", 4));
  ASSERT_TRUE(atomic_write(path, ""));
  EXPECT_EQ(read_text(path), "");
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"state.json"});
}

TEST(AtomicWrite, TightensTheModeOfWhatItReplaces) {
  const TempDir dir;
  const auto path = dir / "open";
  write_text(path, "x");
  ASSERT_EQ(::chmod(path.c_str(), 0644), 0);
  ASSERT_TRUE(atomic_write(path, "y"));
  EXPECT_EQ(mode_of(path), 0600U);
}

TEST(AtomicWrite, LeavesASymbolicLinkAndItsTargetAlone) {
  const TempDir dir;
  write_text(dir / "target", "precious");
  ASSERT_EQ(::symlink("target", (dir / "link").c_str()), 0);
  const auto status = atomic_write(dir / "link", "evil");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::invalid_request);
  EXPECT_EQ(read_text(dir / "target"), "precious");
  EXPECT_EQ(names_in(dir.path()).size(), 2U);
}

TEST(AtomicWrite, RefusesFifoAndFolder) {
  const TempDir dir;
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(atomic_write(dir / "pipe", "x").error().code, Errc::invalid_request);
  ASSERT_EQ(::mkdir((dir / "folder").c_str(), 0700), 0);
  EXPECT_EQ(atomic_write(dir / "folder", "x").error().code, Errc::invalid_request);
  EXPECT_EQ(atomic_write(dir.path() + "/", "x").error().code, Errc::invalid_request);
  EXPECT_EQ(atomic_write("", "x").error().code, Errc::invalid_request);
  EXPECT_EQ(atomic_write(dir.path() + std::string("/a\0b", 4), "x").error().code,
            Errc::invalid_request);
}

TEST(AtomicWrite, KeepsAnExistingFileWhenToldTo) {
  const TempDir dir;
  const auto path = dir / "token";
  ASSERT_TRUE(atomic_write(path, "first", {.replace = false}));
  const auto second = atomic_write(path, "second", {.replace = false});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::conflict);
  EXPECT_EQ(read_text(path), "first");
  EXPECT_EQ(names_in(dir.path()).size(), 1U);
}

TEST(AtomicWrite, MissingFolderSaysSo) {
  const TempDir dir;
  const auto status = atomic_write(dir / "no/such/file", "x");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::not_found);
  EXPECT_NE(status.error().detail.find("no/such"), std::string::npos);
}

// A write that fails half way (here: a file size limit) leaves the old bytes and no temporary file.
TEST(AtomicWrite, FailureHalfWayKeepsTheOldFile) {
  const TempDir dir;
  const auto path = dir / "state";
  ASSERT_TRUE(atomic_write(path, "old"));
  struct rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit small{4096, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto status = atomic_write(path, std::string(100'000, 'x'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, old_handler);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::too_large);
  EXPECT_EQ(read_text(path), "old");
  EXPECT_EQ(names_in(dir.path()), std::vector<std::string>{"state"});
}

TEST(AtomicWrite, ReadersSeeOldOrNewButNothingBetween) {
  const TempDir dir;
  const auto path = dir / "state";
  const std::string a(70'000, 'a');
  const std::string b(90'000, 'b');
  ASSERT_TRUE(atomic_write(path, a));
  std::atomic<bool> done{false};
  std::atomic<int> reads{0};
  std::atomic<int> broken{0};
  std::jthread reader([&] {
    while (!done) {
      const auto text = read_file(path);
      if (!text || (*text != a && *text != b)) ++broken;
      ++reads;
    }
  });
  for (int i = 0; i < 40 || reads < 20; ++i) ASSERT_TRUE(atomic_write(path, i % 2 == 0 ? b : a));
  done = true;
  reader.join();
  EXPECT_EQ(broken, 0);
}

TEST(AtomicWrite, WritersAtOnceDoNotMeet) {
  const TempDir dir;
  const auto path = dir / "state";
  {
    std::vector<std::jthread> writers;
    for (int w = 0; w < 4; ++w)
      writers.emplace_back([&path, w] {
        for (int i = 0; i < 10; ++i)
          EXPECT_TRUE(atomic_write(path, std::string(1000, static_cast<char>('a' + w))));
      });
  }
  const auto text = read_text(path);
  EXPECT_EQ(text, std::string(1000, text.at(0)));
  EXPECT_EQ(names_in(dir.path()).size(), 1U);
}

// In a container each process has the number of the one before it.
TEST(AtomicWrite, WhatAKilledProcessLeftIsInNobodysWay) {
  const TempDir dir;
  const auto path = dir / "state.json";
  for (int i = 0; i < 900; ++i)
    write_text(fmt::format("{}/.state.json.tmp.{}.{}", dir.path(), ::getpid(), i), "old");
  ASSERT_TRUE(atomic_write(path, "new"));
  EXPECT_EQ(read_text(path), "new");
  EXPECT_EQ(names_in(dir.path()).size(), 901U) << "what is not ours stays";
  write_text(dir / ".state.json.tmp.12.1.kept", "a person's");
  write_text(dir / ".other.json.tmp.12.1", "another file's");
  remove_leftovers(path);
  auto names = names_in(dir.path());
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{".other.json.tmp.12.1", ".state.json.tmp.12.1.kept",
                                             "state.json"}));
  remove_leftovers(dir / "nowhere/state.json");
}

TEST(IoError, SaysWhatToDo) {
  const auto full = io_error(ENOSPC, "write", "/s/x");
  EXPECT_EQ(full.code, Errc::unavailable);
  EXPECT_EQ(full.detail,
            "cannot write /s/x: the disk is full. Free some space there and try again.");
  EXPECT_EQ(io_error(EROFS, "write", "/s").code, Errc::forbidden);
  EXPECT_NE(io_error(EROFS, "write", "/s").detail.find("read-only"), std::string::npos);
  EXPECT_EQ(io_error(EACCES, "write", "/s").code, Errc::forbidden);
  EXPECT_NE(io_error(EACCES, "write", "/s").detail.find("CARAPACE_STATE_DIR"), std::string::npos);
  EXPECT_EQ(io_error(ENOTTY, "write", "/s").code, Errc::internal);
}

TEST(IoError, SplitsPaths) {
  EXPECT_EQ(folder_of("a"), ".");
  EXPECT_EQ(folder_of("/a"), "/");
  EXPECT_EQ(folder_of("/a/b"), "/a");
  EXPECT_EQ(name_of("/a/b"), "b");
  EXPECT_EQ(name_of("b"), "b");
  EXPECT_EQ(name_of("/a/"), "");
}

TEST(AtomicWrite, KeepsTheOwnerOfTheFile) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const TempDir dir;
  const auto path = dir / "state.json";
  write_text(path, "one");
  ASSERT_EQ(::chown(path.c_str(), 12345, 23456), 0);
  ASSERT_TRUE(atomic_write(path, "two"));
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 12345U);
  EXPECT_EQ(info.st_gid, 23456U);
  EXPECT_EQ(mode_of(path), 0600U);
}

}  // namespace
}  // namespace carapace::fs

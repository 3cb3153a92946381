#include "async/file_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>

#include "async/loop.h"
#include "async/pool.h"
#include "async/signal.h"
#include "support/loop_fixture.h"
#include "support/temp_dir.h"

namespace carapace {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
namespace stdfs = std::filesystem;

void put(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

class FileWatchTest : public test::LoopTest {
 protected:
  FileWatchTest() {
    // What lies behind links (the temporary folder itself, perhaps) is named as it is.
    root_ = stdfs::canonical(dir_.path()).string();
    file_ = root_ + "/conf/config.json5";
    stdfs::create_directory(root_ + "/conf");
    put(file_, "{}");
  }

  void open(FileWatchOptions options) {
    watch_.emplace(
        loop_, pool_,
        [this](FileWatch::Kind kind) {
          ++told_;
          kind_ = kind;
          signal_.notify_all();
        },
        [this](const std::string& why) { said_ += why; }, options);
    watch_->watch({});
  }
  void watch(std::vector<std::string> paths) {
    open({.poll = polls(), .poll_every = 5ms});
    std::vector<WatchedFile> files;
    for (auto& path : paths) files.push_back({path, sign_of(path)});
    watch_->watch(std::move(files));
    settle();
  }

  virtual bool polls() const { return false; }

  // Lets what was already told arrive, then forgets it.
  void settle() {
    run(sleep_for(30ms));
    told_ = 0;
  }
  bool told() {
    for (int i = 0; told_ == 0 && i < 200; ++i) run(signal_.wait_for(10ms));
    return told_ > 0;
  }
  bool quiet() {
    run(sleep_for(40ms));
    return told_ == 0;
  }

  test::TempDir dir_;
  std::string root_, file_;
  Pool pool_{"test", 1};
  Signal signal_;
  int told_ = 0;
  FileWatch::Kind kind_ = FileWatch::Kind::written;
  std::string said_;
  std::optional<FileWatch> watch_;
};

class FileWatchWaysTest : public FileWatchTest, public ::testing::WithParamInterface<bool> {
 protected:
  bool polls() const override { return GetParam(); }
};

TEST_P(FileWatchWaysTest, AWriteAndARenameAreToldAndTheOtherFilesAreNot) {
  watch({file_});
  put(root_ + "/conf/other.json5", "{}");
  EXPECT_TRUE(quiet());
  put(file_, "{a: 1}");
  EXPECT_TRUE(told());
  EXPECT_EQ(kind_, FileWatch::Kind::written);
  settle();
  put(root_ + "/conf/.config.tmp", "{b: 22}");
  stdfs::rename(root_ + "/conf/.config.tmp", file_);
  EXPECT_TRUE(told());
  EXPECT_EQ(kind_, FileWatch::Kind::replaced);
}

TEST_P(FileWatchWaysTest, PermissionsOfTheFileAndOfItsFolderCount) {
  watch({file_});
  stdfs::permissions(file_, stdfs::perms::owner_read);
  EXPECT_TRUE(told());
  if (polls()) return;
  settle();
  stdfs::permissions(root_ + "/conf", stdfs::perms::owner_all);
  EXPECT_TRUE(told());
}

TEST_P(FileWatchWaysTest, AFileThatGoesAndComesBackIsTold) {
  watch({file_});
  stdfs::remove(file_);
  EXPECT_TRUE(told());
  settle();
  put(file_, "{again: true}");
  EXPECT_TRUE(told());
}

TEST_P(FileWatchWaysTest, AFileThatWasNeverThereIsToldWhenItComes) {
  watch({root_ + "/conf/new/deeper/late.json5"});
  stdfs::create_directories(root_ + "/conf/new/deeper");
  settle();
  put(root_ + "/conf/new/deeper/late.json5", "{}");
  EXPECT_TRUE(told());
}

TEST_P(FileWatchWaysTest, AFolderThatIsRemovedAndMadeAgainIsFollowed) {
  watch({file_});
  stdfs::remove_all(root_ + "/conf");
  EXPECT_TRUE(told());
  settle();
  stdfs::create_directory(root_ + "/conf");
  put(file_, "{folder: 'new'}");
  EXPECT_TRUE(told());
  settle();
  put(file_, "{folder: 'still watched'}");
  EXPECT_TRUE(told());
}

TEST_P(FileWatchWaysTest, AFolderThatIsMovedAwayIsNoLongerTheOne) {
  watch({file_});
  stdfs::rename(root_ + "/conf", root_ + "/away");
  EXPECT_TRUE(told());
  settle();
  put(root_ + "/away/config.json5", "{not: 'ours'}");
  EXPECT_TRUE(quiet());
  stdfs::create_directory(root_ + "/conf");
  put(file_, "{ours: true}");
  EXPECT_TRUE(told());
}

TEST_P(FileWatchWaysTest, BothEndsOfALinkAreWatched) {
  stdfs::create_directory(root_ + "/real");
  put(root_ + "/real/one.json5", "{}");
  stdfs::remove(file_);
  stdfs::create_symlink("../real/one.json5", file_);
  watch({file_});
  put(root_ + "/real/one.json5", "{changed: 'behind the link'}");
  EXPECT_TRUE(told());
  settle();
  put(root_ + "/real/two.json5", "{another: 1}");
  stdfs::create_symlink(root_ + "/real/two.json5", root_ + "/conf/link.tmp");
  stdfs::rename(root_ + "/conf/link.tmp", file_);
  EXPECT_TRUE(told());
  settle();
  put(root_ + "/real/two.json5", "{another: 'one, longer'}");
  EXPECT_TRUE(told());
}

TEST_P(FileWatchWaysTest, AFolderLinkThatIsSwappedIsSeen) {
  stdfs::create_directories(root_ + "/v1");
  stdfs::create_directories(root_ + "/v2");
  put(root_ + "/v1/c.json5", "{v: 1}");
  put(root_ + "/v2/c.json5", "{v: 22}");
  stdfs::create_directory_symlink("v1", root_ + "/data");
  watch({root_ + "/data/c.json5"});
  stdfs::create_directory_symlink("v2", root_ + "/data.tmp");
  stdfs::rename(root_ + "/data.tmp", root_ + "/data");
  EXPECT_TRUE(told());
  settle();
  put(root_ + "/v2/c.json5", "{v: 'three'}");
  EXPECT_TRUE(told());
}

TEST_P(FileWatchWaysTest, WhatChangedBeforeTheWatchIsTold) {
  const auto seen = sign_of(file_);
  put(file_, "{changed: 'while nobody looked'}");
  watch({});
  watch_->watch({{file_, seen}});
  EXPECT_TRUE(told());
}

TEST_P(FileWatchWaysTest, FilesCanBeExchanged) {
  put(root_ + "/conf/b.json5", "{}");
  watch({file_});
  watch_->watch({{root_ + "/conf/b.json5", sign_of(root_ + "/conf/b.json5")}});
  settle();
  put(file_, "{no: 'longer'}");
  EXPECT_TRUE(quiet());
  put(root_ + "/conf/b.json5", "{watched: 1}");
  EXPECT_TRUE(told());
}

TEST_P(FileWatchWaysTest, ManyChangesAtOnceAreNotLost) {
  watch({file_});
  for (int i = 0; i < 2'000; ++i) {
    put(root_ + "/conf/noise" + std::to_string(i), "x");
    if (i == 1'000) put(file_, "{in: 'the middle'}");
  }
  EXPECT_TRUE(told());
}

TEST_P(FileWatchWaysTest, NothingIsToldAfterTheEnd) {
  watch({file_});
  put(file_, "{last: 1}");
  watch_.reset();
  EXPECT_TRUE(quiet());
}

INSTANTIATE_TEST_SUITE_P(Ways, FileWatchWaysTest, ::testing::Values(false, true),
                         [](const auto& info) { return info.param ? "Polls" : "IsTold"; });

// Where the system has no watch left to give, files are looked at, and that is said once.
TEST_F(FileWatchTest, WithoutInotifyItLooksByItself) {
  run(sleep_for(1ms));  // what the loop itself opens
  {
    struct NoMoreFiles {
      rlimit before{};
      NoMoreFiles() {
        ::getrlimit(RLIMIT_NOFILE, &before);
        rlimit none = before;
        none.rlim_cur = 0;
        ::setrlimit(RLIMIT_NOFILE, &none);
      }
      ~NoMoreFiles() { ::setrlimit(RLIMIT_NOFILE, &before); }
    } const limited;
    open({.poll_every = 5ms});
  }
  watch_->watch({{file_, sign_of(file_)}});
  settle();
  EXPECT_TRUE(watch_->polls());
  EXPECT_EQ(said_, "inotify: Too many open files");
  put(file_, "{seen: 'by looking'}");
  EXPECT_TRUE(told());
}

TEST(NamesToWatchTest, EveryLinkOnTheWayCountsAndTheEnd) {
  test::TempDir dir;
  const auto root = stdfs::canonical(dir.path()).string();
  stdfs::create_directories(root + "/real/sub");
  put(root + "/real/sub/f", "");
  stdfs::create_directory_symlink("real", root + "/alias");
  EXPECT_THAT(names_to_watch(root + "/alias/sub/../sub/f"),
              ElementsAre(WatchedName{root, "alias"}, WatchedName{root + "/real/sub", "f"}));
  EXPECT_THAT(names_to_watch(root + "/missing/f"), ElementsAre(WatchedName{root, "missing"}));
  stdfs::create_symlink("loop", root + "/loop");
  EXPECT_LE(names_to_watch(root + "/loop").size(), 41U);
}

}  // namespace
}  // namespace carapace

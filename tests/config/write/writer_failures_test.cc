// Several writers at once, full disks, killed writers: nothing is lost and no half file is left.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>

#include "config/write/writer_fixture.h"
#include "fs/lock.h"

namespace carapace::config {
namespace {

// An editor knows no lock.
TEST_F(WriterTest, WhatAnEditorSavesMeanwhileIsNotWrittenOver) {
  write_text(file_, "{gateway: {port: 1}}");
  clock_.meanwhile = [this] { write_text(file_, "{gateway: {port: 7}}"); };
  for (const auto& request : {owner(), remote()})
    EXPECT_TRUE(told(writer().patch("{ui: {seamColor: 'x'}}", request))
                    .contains("changed since last load"));
  EXPECT_EQ(read_text(file_), "{gateway: {port: 7}}");
  std::filesystem::remove(file_);
  clock_.meanwhile = [this] { write_text(file_, "{gateway: {port: 8}}"); };
  EXPECT_TRUE(told(writer().replace("{}", owner())).contains("changed since last load"));
  EXPECT_EQ(read_text(file_), "{gateway: {port: 8}}");
  clock_.meanwhile = {};
  EXPECT_TRUE(writer().patch("{gateway: {port: 9}}", owner()));
}

TEST_F(WriterTest, WhatAKilledWriterLeftIsTakenAway) {
  write_text(file_, "{hooks: {token: 'planted'}}");
  write_text(dir_ / ".carapace.json5.tmp.4711.0", "{hooks: {token: 'planted'}}");
  ASSERT_TRUE(writer().patch("{gateway: {port: 2}}", owner()));
  EXPECT_FALSE(std::filesystem::exists(dir_ / ".carapace.json5.tmp.4711.0"));
}

// Each reads the file, adds its own name and patches with the hash that it has seen: what is told
// to be applied stands in the file, and nothing else does.
TEST_F(WriterTest, SixtyFourWritersLoseNothing) {
  write_text(file_, "{names: []}\n");
  std::mutex held;
  std::set<std::string> applied;
  int stale = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 64; ++i)
    threads.emplace_back([&, name = std::to_string(i)] {
      const auto text = read_text(file_);
      auto tree = parse_json5(text).value();
      tree.at("names").as_array().emplace_back(name);
      const auto done =
          writer().patch(dump_json(tree),
                         {.by = "test", .base_hash = secret::sha256_hex(text), .needs_hash = true});
      const std::lock_guard guard(held);
      if (done) {
        applied.insert(name);
      } else {
        EXPECT_EQ(done.error().why, Refused::stale) << done.error().error.detail;
        ++stale;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_GE(applied.size(), 1U);
  EXPECT_EQ(applied.size() + static_cast<std::size_t>(stale), 64U);
  std::set<std::string> found;
  for (const auto& name : parse_json5(read_text(file_))->at("names").as_array())
    found.emplace(name.as_string());
  EXPECT_EQ(found, applied);
}

TEST_F(WriterTest, AHeldLockIsWaitedForAndThenToldOf) {
  write_text(file_, "{}");
  auto lock = fs::try_lock(file_ + ".lock");
  ASSERT_TRUE(lock);
  std::thread holder([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    lock->reset();
  });
  EXPECT_TRUE(writer().patch("{gateway: {port: 1}}", owner()));
  holder.join();
}

// A child that may write so many bytes to a file: the disk is full in the middle of a write.
TEST_F(WriterTest, AFullDiskLeavesTheOldFile) {
  const std::string text = "{gateway: {port: 1}}\n";
  write_text(file_, text);
  ASSERT_TRUE(writer().patch("{gateway: {port: 2}}", owner()));
  const auto before = read_text(file_);
  for (const rlim_t limit : {0, 1, 8, 100, 150, 200, 300}) {
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      std::signal(SIGXFSZ, SIG_IGN);
      const rlimit bound{limit, limit};
      ::setrlimit(RLIMIT_FSIZE, &bound);
      const auto done =
          writer().patch(fmt::format("{{names: ['{}']}}", std::string(400, 'x')), owner());
      ::_exit(done ? 1 : 0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "it must fail at " << limit;
    EXPECT_EQ(read_text(file_), before) << limit;
    EXPECT_TRUE(history().damaged.empty());
  }
}

// Killed at any moment, there is the old file or the new one, and the next write works.
TEST_F(WriterTest, AKilledWriterLeavesOldOrNew) {
  write_text(file_, "{gateway: {port: 1}}\n");
  int fresh = 0;
  for (int round = 0; round < 60; ++round) {
    const auto before = read_text(file_);
    const auto want = fmt::format("{{gateway: {{port: {}}}}}\n", round + 2);
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto done =
          writer().patch(fmt::format("{{gateway: {{port: {}}}}}", round + 2), owner());
      ::_exit(done ? 0 : 1);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(800 * (round % 12)));
    if (round % 12 != 11) ::kill(child, SIGKILL);  // every twelfth may end
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    const auto after = read_text(file_);
    ASSERT_TRUE(after == before || after == want) << after;
    fresh += after == want ? 1 : 0;
    ASSERT_TRUE(history().damaged.empty());
  }
  EXPECT_GE(fresh, 5);
  EXPECT_TRUE(writer().patch("{gateway: {port: 65000}}", owner()));
  EXPECT_EQ(read_text(file_), "{gateway: {port: 65000}}\n");
}

}  // namespace
}  // namespace carapace::config

#include "config/history.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "support/temp_dir.h"

namespace carapace::config {
namespace {

using test::mode_of;
using test::read_text;
using test::TempDir;
using test::write_text;

class HistoryTest : public ::testing::Test {
 protected:
  Result<std::uint64_t> keep(const std::string& text, std::string hash = "") {
    return history_.record({.at_ms = 5,
                            .by = "test",
                            .hash = hash.empty() ? text : std::move(hash),
                            .files = {{"/etc/c.json5", text}, {"/etc/more.json5", "{x: 1}"}}});
  }
  TempDir dir_;
  SystemRandom random_;
  History history_{dir_.path(), random_};
};

TEST_F(HistoryTest, NothingYet) {
  EXPECT_TRUE(history_.list()->entries.empty());
  EXPECT_FALSE(*history_.newest_good());
  EXPECT_EQ(history_.load(1).error().code, Errc::not_found);
  EXPECT_FALSE(*history_.mark_good("x"));
  EXPECT_FALSE(std::filesystem::exists(history_.folder())) << "looking makes no folder";
}

TEST_F(HistoryTest, KeepsTenNewestFirstAndNeverUsesANumberTwice) {
  for (int i = 1; i <= 13; ++i) ASSERT_EQ(*keep(std::to_string(i)), static_cast<unsigned>(i));
  const auto list = history_.list();
  ASSERT_EQ(list->entries.size(), kHistoryLength);
  EXPECT_EQ(list->entries.front().number, 13U);
  EXPECT_EQ(list->entries.back().number, 4U);
  EXPECT_TRUE(list->damaged.empty());
  const auto entry = history_.load(7);
  ASSERT_TRUE(entry) << entry.error().detail;
  EXPECT_EQ(entry->by, "test");
  EXPECT_EQ(entry->at_ms, 5);
  ASSERT_EQ(entry->files.size(), 2U);
  EXPECT_EQ(entry->files[0], (HistoryFile{"/etc/c.json5", "7"}));
  EXPECT_EQ(entry->files[1], (HistoryFile{"/etc/more.json5", "{x: 1}"}));
}

TEST_F(HistoryTest, WhatAStartFallsBackOnIsNeverPushedOut) {
  ASSERT_TRUE(keep("first"));
  ASSERT_TRUE(keep("good"));
  ASSERT_TRUE(*history_.mark_good("first"));
  ASSERT_TRUE(*history_.mark_good("good"));
  for (int i = 3; i <= 30; ++i) ASSERT_EQ(*keep(std::to_string(i)), static_cast<unsigned>(i));
  auto list = history_.list();
  ASSERT_EQ(list->entries.size(), kHistoryLength);
  EXPECT_EQ(list->entries.front().number, 30U);
  EXPECT_EQ(list->entries[8].number, 22U);
  EXPECT_EQ((*history_.newest_good())->number, 2U);
  ASSERT_TRUE(*history_.mark_good("30"));
  ASSERT_TRUE(keep("31"));
  list = history_.list();
  ASSERT_EQ(list->entries.size(), kHistoryLength);
  EXPECT_EQ(list->entries.back().number, 22U);
}

TEST_F(HistoryTest, TheSameFilesAreOneEntry) {
  EXPECT_EQ(*keep("a"), 1U);
  EXPECT_EQ(*keep("a"), 1U);
  EXPECT_EQ(*keep("b"), 2U);
  EXPECT_EQ(*keep("a"), 3U);
}

TEST_F(HistoryTest, ReturnsToTheNewestGoodOne) {
  ASSERT_TRUE(keep("one"));
  ASSERT_TRUE(keep("two"));
  ASSERT_TRUE(keep("three"));
  EXPECT_TRUE(*history_.mark_good("one"));
  EXPECT_TRUE(*history_.mark_good("two"));
  EXPECT_TRUE(*history_.mark_good("two"));
  EXPECT_FALSE(*history_.mark_good("four"));
  const auto good = history_.newest_good();
  ASSERT_TRUE(good && *good);
  EXPECT_EQ((*good)->files.front().text, "two");
  EXPECT_EQ((*good)->number, 2U);
}

TEST_F(HistoryTest, NothingLiesInTheClear) {
  ASSERT_TRUE(keep("{token: 'planted-secret'}", "hash"));
  EXPECT_EQ(mode_of(history_.folder()), 0700U);
  for (const auto& file : std::filesystem::directory_iterator(history_.folder())) {
    EXPECT_EQ(mode_of(file.path().string()), 0600U);
    EXPECT_EQ(read_text(file.path().string()).find("planted"), std::string::npos);
    EXPECT_EQ(read_text(file.path().string()).find("cGxhbnRl"), std::string::npos) << "base64";
  }
}

TEST_F(HistoryTest, PassesOverWhatIsDamaged) {
  for (const auto* text : {"one", "two", "three"}) ASSERT_TRUE(keep(text));
  ASSERT_TRUE(history_.mark_good("one"));
  ASSERT_TRUE(history_.mark_good("two"));
  auto bytes = read_text(history_.folder() + "/2.sealed");
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  write_text(history_.folder() + "/2.sealed", bytes);
  write_text(history_.folder() + "/3.sealed", "");
  const auto list = history_.list();
  ASSERT_EQ(list->entries.size(), 1U);
  ASSERT_EQ(list->damaged.size(), 2U);
  EXPECT_NE(list->damaged.front().find("number 3 of the history"), std::string::npos);
  EXPECT_EQ((*history_.newest_good())->files.front().text, "one");
  EXPECT_EQ(history_.load(2).error().code, Errc::invalid_request);
  EXPECT_EQ(*keep("four"), 4U) << "a damaged entry does not stop the next one";
}

TEST_F(HistoryTest, AnEntryCannotTakeThePlaceOfAnother) {
  ASSERT_TRUE(keep("one"));
  ASSERT_TRUE(keep("two"));
  std::filesystem::copy_file(history_.folder() + "/1.sealed", history_.folder() + "/2.sealed",
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_FALSE(history_.load(2));
}

TEST_F(HistoryTest, ALostKeyIsToldAndANewOneMade) {
  ASSERT_TRUE(keep("one"));
  std::filesystem::remove(history_.folder() + "/key");
  for (const auto& detail : {history_.list().error().detail, history_.load(1).error().detail,
                             history_.newest_good().error().detail})
    EXPECT_NE(detail.find("is gone"), std::string::npos) << detail;
  EXPECT_EQ(*keep("two"), 2U) << "what was lost does not stop the next write";
  EXPECT_EQ(history_.list()->entries.size(), 1U);
  EXPECT_EQ(history_.list()->damaged.size(), 1U);
  write_text(history_.folder() + "/key", "not a key");
  EXPECT_NE(history_.list().error().detail.find("is no key"), std::string::npos);
}

TEST_F(HistoryTest, ManyWritersTakeANumberEach) {
  std::vector<std::thread> threads;
  for (int writer = 0; writer < 4; ++writer)
    threads.emplace_back([this, writer] {
      SystemRandom random;
      const History mine(dir_.path(), random);
      for (int i = 0; i < 5; ++i) {
        const auto text = fmt::format("{} {}", writer, i);
        EXPECT_TRUE(mine.record({.by = "test", .hash = text, .files = {{"/c", text}}}));
      }
    });
  for (auto& thread : threads) thread.join();
  const auto list = history_.list();
  EXPECT_EQ(list->entries.front().number, 20U);
  EXPECT_TRUE(list->damaged.empty());
}

TEST(UnifiedDiff, ShowsWhatDiffers) {
  EXPECT_EQ(unified_diff("a\n", "a\n", "1", "2"), "");
  EXPECT_EQ(unified_diff("a\nb\nc\n", "a\nB\nc\n", "1", "2"),
            "--- 1\n+++ 2\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n");
  EXPECT_EQ(unified_diff("", "a\n", "1", "2"), "--- 1\n+++ 2\n@@ -0,0 +1 @@\n+a\n");
  EXPECT_EQ(unified_diff("a\n", "", "1", "2"), "--- 1\n+++ 2\n@@ -1 +0,0 @@\n-a\n");
  std::string before;
  for (int i = 1; i <= 30; ++i) before += fmt::format("{}\n", i);
  auto after = before;
  after.replace(after.find("5\n"), 2, "five\n");
  after.replace(after.find("25\n"), 3, "");
  EXPECT_EQ(unified_diff(before, after, "1", "2"),
            "--- 1\n+++ 2\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n"
            "@@ -22,7 +22,6 @@\n 22\n 23\n 24\n-25\n 26\n 27\n 28\n");
}

}  // namespace
}  // namespace carapace::config

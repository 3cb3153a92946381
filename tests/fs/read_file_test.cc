#include "fs/read_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>

#include "support/temp_dir.h"

namespace carapace::fs {
namespace {

using test::mode_of;
using test::TempDir;
using test::write_text;

TEST(ReadFile, ReadsBytesAsTheyAre) {
  const TempDir dir;
  const std::string bytes("a\0b\r\n\xff", 6);
  write_text(dir / "f", bytes);
  EXPECT_EQ(read_file(dir / "f").value(), bytes);
  write_text(dir / "empty", "");
  EXPECT_EQ(read_file(dir / "empty").value(), "");
}

TEST(ReadFile, LimitIsExact) {
  const TempDir dir;
  write_text(dir / "f", std::string(1000, 'x'));
  EXPECT_EQ(read_file(dir / "f", {.max_bytes = 1000}).value().size(), 1000U);
  const auto over = read_file(dir / "f", {.max_bytes = 999});
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().code, Errc::too_large);
}

// Five gigabytes that are not there: nothing may be allocated for them.
TEST(ReadFile, HugeSparseFileIsRefusedAtOnce) {
  const TempDir dir;
  write_text(dir / "f", "");
  ASSERT_EQ(::truncate((dir / "f").c_str(), 5LL << 30), 0);
  EXPECT_EQ(read_file(dir / "f").error().code, Errc::too_large);
}

TEST(ReadFile, FilesWhoseSizeIsUnknown) {
  const auto text = read_file("/proc/self/status");
  ASSERT_TRUE(text) << text.error().detail;
  EXPECT_NE(text->find("Pid:"), std::string::npos);
  EXPECT_EQ(read_file("/proc/self/status", {.max_bytes = 10}).error().code, Errc::too_large);
}

TEST(ReadFile, RefusesWhatIsNoRegularFile) {
  const TempDir dir;
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
  const auto fifo = read_file(dir / "pipe");
  ASSERT_FALSE(fifo);
  EXPECT_EQ(fifo.error().code, Errc::invalid_request);
  EXPECT_NE(fifo.error().detail.find("FIFO"), std::string::npos);
  EXPECT_NE(read_file(dir.path()).error().detail.find("folder"), std::string::npos);
  EXPECT_NE(read_file("/dev/zero").error().detail.find("device"), std::string::npos);

  const int number = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (dir / "s").c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(number, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(read_file(dir / "s").error().code, Errc::invalid_request);
  ::close(number);
}

TEST(ReadFile, FollowsLinksOnlyWhenAsked) {
  const TempDir dir;
  write_text(dir / "f", "x");
  ASSERT_EQ(::symlink("f", (dir / "link").c_str()), 0);
  EXPECT_EQ(read_file(dir / "link").error().code, Errc::invalid_request);
  EXPECT_EQ(read_file(dir / "link", {.follow_links = true}).value(), "x");
  ASSERT_EQ(::symlink("loop", (dir / "loop").c_str()), 0);
  EXPECT_EQ(read_file(dir / "loop", {.follow_links = true}).error().code, Errc::invalid_request);
}

TEST(ReadFile, NoLinksOnTheWayEither) {
  const TempDir dir;
  ASSERT_EQ(::mkdir((dir / "a").c_str(), 0700), 0);
  write_text(dir / "a/f", "x");
  ASSERT_EQ(::symlink("a", (dir / "b").c_str()), 0);
  EXPECT_EQ(read_file(dir / "b/f").value(), "x") << "links on the way are followed as a rule";
  EXPECT_EQ(read_file(dir / "a/f", {.no_links = true}).value(), "x");
  EXPECT_EQ(read_file(dir / "a//f", {.no_links = true}).value(), "x");
  EXPECT_EQ(read_file(dir / "b/f", {.no_links = true}).error().code, Errc::invalid_request);
  EXPECT_EQ(read_file(dir / "a/none", {.no_links = true}).error().code, Errc::not_found);
  EXPECT_EQ(read_file(dir / "none/f", {.no_links = true}).error().code, Errc::not_found);
  EXPECT_FALSE(read_file("/", {.no_links = true}));
  EXPECT_FALSE(read_file("", {.no_links = true}));
  ASSERT_EQ(::symlink("f", (dir / "a/link").c_str()), 0);
  EXPECT_EQ(read_file(dir / "a/link", {.no_links = true}).error().code, Errc::invalid_request);
}

// Each writing puts in one letter from end to end, slowly. A reader that takes what it finds sees
// two letters.
TEST(ReadFile, AFileThatIsRewrittenMeanwhileIsReadAgain) {
  using Clock = std::chrono::steady_clock;
  constexpr std::size_t kPiece = 32UL << 10U;
  constexpr int kPieces = 30;
  const TempDir dir;
  const auto path = dir / "f";
  write_text(path, std::string(kPieces * kPiece, 'a'));
  std::atomic<int> torn_without{0};
  std::atomic<bool> stop{false};
  Clock::duration longest_pause{};
  std::thread writer([&] {
    for (char letter = 'b'; !stop; letter = letter == 'z' ? 'a' : static_cast<char>(letter + 1)) {
      const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
      const std::string piece(kPiece, letter);
      auto last = Clock::now();
      for (int i = 0; i < kPieces; ++i) {
        if (::write(file, piece.data(), piece.size()) < 0) break;
        longest_pause = std::max(longest_pause, Clock::now() - last);
        last = Clock::now();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
      ::close(file);
      std::this_thread::sleep_for(std::chrono::milliseconds(60));
    }
  });
  const auto torn = [](const std::string& text) {
    return text.find_first_not_of(text.front()) != std::string::npos;
  };
  int torn_settled = 0;
  int whole = 0;
  // On a busy machine the writer may be met between its pieces late.
  for (int i = 0; i < 40 || (torn_without == 0 && i < 2000); ++i) {
    if (torn(read_file(path).value())) ++torn_without;
    const auto text = read_file(path, {.settled = true});
    if (!text) {
      EXPECT_EQ(text.error().code, Errc::unavailable) << text.error().detail;
      continue;
    }
    torn(*text) ? ++torn_settled : ++whole;
  }
  stop = true;
  writer.join();
  EXPECT_GT(torn_without, 0) << "the test shows nothing";
  EXPECT_GT(whole, 10);
  // A writer that sleeps in the middle of its work cannot be told from one that has finished.
  if (longest_pause < std::chrono::milliseconds(8)) EXPECT_EQ(torn_settled, 0);
}

// However often a whole file takes the name: each is whole, and the reader never has to wait for an
// end of that.
TEST(ReadFile, AFileThatIsReplacedMeanwhileIsOneOfThem) {
  const TempDir dir;
  const auto path = dir / "f";
  write_text(path, std::string(10'000, 'a'));
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (char letter = 'b'; !stop; letter = letter == 'z' ? 'a' : static_cast<char>(letter + 1)) {
      write_text(path + ".new", std::string(10'000, letter));
      ASSERT_EQ(::rename((path + ".new").c_str(), path.c_str()), 0);
    }
  });
  for (int i = 0; i < 20; ++i) {
    const auto text = read_file(path, {.settled = true});
    ASSERT_TRUE(text) << text.error().detail;
    EXPECT_EQ(*text, std::string(10'000, text->front()));
  }
  stop = true;
  writer.join();
}

#ifdef __linux__
TEST(ReadFile, WhatTheKernelTellsIsReadToItsEnd) {
  const auto text = read_file("/proc/sys/kernel/pid_max");
  ASSERT_TRUE(text) << text.error().detail;
  EXPECT_TRUE(text->ends_with('\n') && text->size() > 2) << *text;
}
#endif

TEST(ReadFile, MissingAndUnspeakablePaths) {
  const TempDir dir;
  EXPECT_EQ(read_file(dir / "none").error().code, Errc::not_found);
  EXPECT_EQ(read_file(std::string("/etc/host\0name", 14)).error().code, Errc::invalid_request);
  EXPECT_EQ(read_file(dir / std::string(5000, 'x')).error().code, Errc::invalid_request);
  EXPECT_FALSE(exists(dir / "none"));
}

TEST(MakePrivate, TakesRightsAway) {
  const TempDir dir;
  write_text(dir / "f", "x");
  ASSERT_EQ(::chmod((dir / "f").c_str(), 0644), 0);
  ASSERT_TRUE(make_private(dir / "f"));
  EXPECT_EQ(mode_of(dir / "f"), 0600U);
  EXPECT_EQ(make_private(dir / "none").error().code, Errc::not_found);
}

}  // namespace
}  // namespace carapace::fs

#include "fs/read_file.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

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

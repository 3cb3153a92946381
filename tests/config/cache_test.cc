#include "config/read/cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/make_row.h"
#include "support/temp_dir.h"

namespace carapace::config {
namespace {

using test::TempDir;
using test::write_text;

constexpr FieldRow kRows[]{make_row::text("gateway.bind", "An address.")};

class ReadCacheTest : public ::testing::Test {
 protected:
  ReadCacheTest() { write_text(file_, "{gateway: {bind: 'aaa'}}"); }

  std::shared_ptr<const Inspection> look() { return cache_.inspect(file_, schema_, environment_); }
  std::string bind() {
    const auto found = look();
    return found->config ? found->config->text("gateway.bind") : "invalid";
  }

  TempDir dir_;
  std::string file_ = dir_ / "c.json5";
  Schema schema_{std::span<const FieldRow>(kRows)};
  Environment environment_;
  ReadCache cache_{environment_};
};

TEST_F(ReadCacheTest, RemembersWhatHasNotChanged) {
  const auto first = look();
  EXPECT_EQ(look(), first);
  EXPECT_EQ(bind(), "aaa");
  write_text(file_, "{gateway: {bind: 'bbb'}}");
  EXPECT_NE(look(), first);
  EXPECT_EQ(bind(), "bbb");
}

// The same length, the same times, the same inode: nothing but the bytes tells.
TEST_F(ReadCacheTest, AnEditThatLeavesNoTrace) {
  EXPECT_EQ(bind(), "aaa");
  struct stat before{};
  ASSERT_EQ(::stat(file_.c_str(), &before), 0);
  for (const char letter : {'b', 'c', 'd'}) {
    const int file = ::open(file_.c_str(), O_WRONLY | O_CLOEXEC);
    const std::string value(3, letter);
    ASSERT_EQ(::pwrite(file, value.data(), value.size(), 18), 3);
    const timespec times[2] = {before.st_atim, before.st_mtim};
    ASSERT_EQ(::futimens(file, times), 0);
    ::close(file);
    struct stat after{};
    ASSERT_EQ(::stat(file_.c_str(), &after), 0);
    ASSERT_EQ(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
    ASSERT_EQ(after.st_size, before.st_size);
    EXPECT_EQ(bind(), value);
  }
}

TEST_F(ReadCacheTest, IncludesAndLinks) {
  write_text(dir_ / "a.json5", "{bind: 'a'}");
  write_text(dir_ / "b.json5", "{bind: 'b'}");
  ASSERT_EQ(::symlink("a.json5", (dir_ / "link.json5").c_str()), 0);
  write_text(file_, "{gateway: {$include: 'link.json5'}}");
  EXPECT_EQ(bind(), "a");
  write_text(dir_ / "a.json5", "{bind: 'A'}");
  EXPECT_EQ(bind(), "A");
  ::unlink((dir_ / "link.json5").c_str());
  EXPECT_EQ(bind(), "invalid");
  ASSERT_EQ(::symlink("b.json5", (dir_ / "link.json5").c_str()), 0);
  EXPECT_EQ(bind(), "b");
  ::unlink(file_.c_str());
  EXPECT_EQ(bind(), "") << "no file, no settings";
  write_text(file_, "{gateway: {bind: 'again'}}");
  EXPECT_EQ(bind(), "again");
}

TEST_F(ReadCacheTest, AnIncludeThatGetsAnEarlierName) {
  std::filesystem::create_directories(dir_ / "kept");
  write_text(dir_ / "kept/c.json5", "{gateway: {$include: 'part.json5'}}");
  write_text(dir_ / "kept/part.json5", "{bind: 'beside the file'}");
  ::unlink(file_.c_str());
  ASSERT_EQ(::symlink("kept/c.json5", file_.c_str()), 0);
  EXPECT_EQ(bind(), "beside the file");
  write_text(dir_ / "part.json5", "{bind: 'beside the link'}");
  EXPECT_EQ(bind(), "beside the link");
}

TEST_F(ReadCacheTest, ABrokenFileIsRememberedAndMended) {
  write_text(file_, "{");
  const auto broken = look();
  EXPECT_FALSE(broken->config);
  EXPECT_EQ(look(), broken);
  write_text(file_, "{gateway: {$include: 'none.json5'}}");
  EXPECT_EQ(bind(), "invalid");
  write_text(dir_ / "none.json5", "{bind: 'now'}");
  EXPECT_EQ(bind(), "now");
}

TEST_F(ReadCacheTest, SwitchedOff) {
  for (const auto& [name, value] :
       {std::pair{"CARAPACE_DISABLE_CONFIG_CACHE", "1"}, std::pair{"CARAPACE_CONFIG_CACHE_MS", "0"},
        std::pair{"CARAPACE_CONFIG_CACHE_MS", ""}}) {
    ReadCache off(Environment{{{name, value}}});
    EXPECT_NE(off.inspect(file_, schema_, environment_), off.inspect(file_, schema_, environment_));
  }
  ReadCache on(Environment{{{"CARAPACE_CONFIG_CACHE_MS", "200"}}});
  EXPECT_EQ(on.inspect(file_, schema_, environment_), on.inspect(file_, schema_, environment_));
}

}  // namespace
}  // namespace carapace::config

// A power cut at any moment of a write: the file is the old one or the new one, and the new one
// once the write has been told as done.
#include "support/power_cut.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fs/atomic_write.h"

namespace carapace::fs {
namespace {

using test::PowerCut;
using test::TempDir;
using test::write_text;
using ::testing::ElementsAre;

TEST(PowerCut, LeavesTheOldOrTheNewFile) {
  const TempDir dir;
  const auto path = dir / "state.json";
  write_text(path, "old");
  PowerCut cut(path);
  ASSERT_TRUE(atomic_write(path, "new"));
  EXPECT_EQ(cut.renames(), 1);
  EXPECT_THAT(cut.ever(), ElementsAre("new", "old"));
  EXPECT_THAT(cut.left(), ElementsAre("new"));
}

TEST(PowerCut, LeavesAFirstFileWholeOrNone) {
  const TempDir dir;
  const auto path = dir / "state.json";
  PowerCut cut(path);
  ASSERT_TRUE(atomic_write(path, std::string(300'000, 'x')));
  EXPECT_THAT(cut.ever(), ElementsAre("(gone)", std::string(300'000, 'x')));
  EXPECT_THAT(cut.left(), ElementsAre(std::string(300'000, 'x')));
}

// What the watcher is worth: it sees a write without a sync.
TEST(PowerCut, SeesWhatWasNotSynced) {
  const TempDir dir;
  const auto path = dir / "state.json";
  write_text(path, "old");
  write_text(dir / "next", "new");
  PowerCut cut(path);
  const int folder = ::open(dir.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ASSERT_EQ(::renameat(folder, "next", folder, "state.json"), 0);
  EXPECT_THAT(cut.left(), ElementsAre("(torn)", "old"));
  ASSERT_EQ(::fsync(folder), 0);
  EXPECT_THAT(cut.left(), ElementsAre("(torn)"));
  ::close(folder);
}

}  // namespace
}  // namespace carapace::fs

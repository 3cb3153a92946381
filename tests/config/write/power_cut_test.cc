// A power cut at any moment of a change: the file is the one before it or the one after, never half
// of one, and what was acknowledged is on the disk.
#include "support/power_cut.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "base/clock.h"
#include "base/make_row.h"
#include "base/random.h"
#include "config/write/writer.h"

namespace carapace::config {
namespace {

using test::PowerCut;
using test::read_text;
using test::TempDir;
using test::write_text;
using ::testing::ElementsAre;

TEST(ConfigPowerCut, LeavesAWholeFileAtEveryMoment) {
  using namespace make_row;
  static constexpr std::array kRows{text("name", "A name."), whole("size", 0, 1e6, "A size.")};
  const Schema schema{std::span<const FieldRow>(kRows)};
  const TempDir dir;
  const auto file = dir / "carapace.json5";
  SystemClock clock;
  SystemRandom random;
  write_text(file, "{size: 0}\n");
  for (int size = 1; size <= 12; ++size) {
    const auto before = read_text(file);
    PowerCut cut(file);
    const Writer writer({.file = file,
                         .state_dir = dir.path(),
                         .schema = schema,
                         .environment = Environment{},
                         .version = "1.2.3",
                         .clock = clock,
                         .random = random,
                         .envelopes = nullptr});
    ASSERT_TRUE(writer.patch(fmt::format("{{size: {}, name: 'n'}}", size), {.by = "test"}));
    EXPECT_GE(cut.renames(), 1);
    for (const auto& left : cut.ever())
      EXPECT_TRUE(left == before || left == read_text(file)) << left;
    EXPECT_THAT(cut.left(), ElementsAre(read_text(file)));
    EXPECT_THAT(read_text(file), ::testing::HasSubstr(fmt::format("size: {}", size)));
  }
}

}  // namespace
}  // namespace carapace::config

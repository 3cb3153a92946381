#include "provider/surrogate_carry.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/text.h"

namespace carapace::provider {
namespace {

// Deltas as a server sends them: JSON strings, one an event.
std::string joined(std::initializer_list<std::string_view> deltas) {
  SurrogateCarry carry;
  std::string out;
  for (const auto delta : deltas) {
    bool marked = false;
    const auto value = parse_event(delta, marked);
    EXPECT_TRUE(value) << delta;
    if (!value) return {};
    const auto words = carry.take(std::string_view(value->get_string()), marked);
    EXPECT_TRUE(is_valid_utf8(words));
    out += words;
  }
  return out + carry.finish();
}

TEST(SurrogateCarry, JoinsHalves) {
  EXPECT_EQ(joined({R"("a\ud83d")", R"("\ude00b")"}), "a😀b");
  EXPECT_EQ(joined({R"("\uD83D\uDC68\u200d\ud83d")", R"("\udc69")"}), "👨\u200d👩");
  EXPECT_EQ(joined({R"("\ud83d")", R"("")", R"("\ude00")"}), "😀");
  EXPECT_EQ(joined({R"("\ud83d\ude00")"}), "😀");
}

TEST(SurrogateCarry, LoneHalvesAreReplaced) {
  EXPECT_EQ(joined({R"("a\ud83d")", R"("b")"}), "a\uFFFDb");
  EXPECT_EQ(joined({R"("\ude00b")"}), "\uFFFDb");
  EXPECT_EQ(joined({R"("x\ud83d")"}), "x\uFFFD");
  EXPECT_EQ(joined({R"("\ud83d\ud83d")", R"("\ude00")"}), "\uFFFD😀");
  EXPECT_EQ(joined({R"("\ud83d")", R"("😀")"}), "\uFFFD😀");
}

TEST(SurrogateCarry, LeavesEverythingElse) {
  EXPECT_EQ(joined({R"("\\ud83d")"}), "\\ud83d");
  EXPECT_EQ(joined({R"("\u00e9\n\"")"}), "é\n\"");
  // The marks' own code points, without any lone half in the event.
  EXPECT_EQ(joined({"\"\xF4\x8F\xA0\x80\""}), "\xF4\x8F\xA0\x80");
  EXPECT_EQ(mark_surrogates(R"("\ud83d\ude00 plain")"), std::nullopt);
}

TEST(SurrogateCarry, BadBytesBecomeReplacements) {
  EXPECT_EQ(joined({"\"a\xF0\x9F\x98\""}), "a\uFFFD\uFFFD\uFFFD");
  bool marked = false;
  const auto bad = parse_event("{nonsense", marked);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, Errc::unavailable);
  EXPECT_FALSE(parse_event(std::string(10'000, '['), marked));
}

}  // namespace
}  // namespace carapace::provider

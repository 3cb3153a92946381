#include "base/text.h"

#include <gtest/gtest.h>

#include <random>

namespace carapace {
namespace {

TEST(Text, Basics) {
  EXPECT_EQ(trim(" \t\r\n a b \f\v"), "a b");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(to_lower("AbÄZ[@"), "abÄz[@");
  EXPECT_TRUE(iequals("ABC", "abc"));
  EXPECT_FALSE(iequals("ABC", "abcd"));
  EXPECT_TRUE(icontains("Hello World", "lo wO"));
  EXPECT_TRUE(icontains("", ""));
  EXPECT_FALSE(icontains("abc", "abcd"));
  EXPECT_EQ(split("a,,b,", ','), (std::vector<std::string_view>{"a", "", "b", ""}));
  EXPECT_EQ(split("", ','), std::vector<std::string_view>{""});
  EXPECT_EQ(join({"a", "b"}, ", "), "a, b");
  EXPECT_EQ(join({}, ", "), "");
  EXPECT_EQ(collapse_space("  a \n\t b  "), "a b");
  EXPECT_EQ(replace_all("aaa", "aa", "b"), "ba");
  EXPECT_EQ(replace_all("aaa", "a", "aa"), "aaaaaa");
  EXPECT_EQ(replace_all("abc", "", "x"), "abc");
}

TEST(Utf8, TheBoundsOfTheEncoding) {
  for (const char* good : {"", "a", "\x7f", "\u0080", "\u07ff", "\u0800", "\ud7ff", "\ue000",
                           "\uffff", "\U00010000", "\U0010ffff", "aaaaaaaaaaaaaaa\u00e9"})
    EXPECT_TRUE(is_valid_utf8(good)) << good;
  for (const char* bad : {"\x80",
                          "\xbf",
                          "\xc0\x80",
                          "\xc1\xbf",
                          "\xc2",
                          "\xc2\x41",
                          "\xe0\x80\x80",
                          "\xe0\x9f\xbf",
                          "\xed\xa0\x80",
                          "\xed\xbf\xbf",
                          "\xe2\x82",
                          "\xf0\x80\x80\x80",
                          "\xf0\x8f\xbf\xbf",
                          "\xf4\x90\x80\x80",
                          "\xf5\x80\x80\x80",
                          "\xff",
                          "\xfe",
                          "\xf0\x9f\x98",
                          "aaaaaaaa\xff",
                          "aaaaaaa\xc3"})
    EXPECT_FALSE(is_valid_utf8(bad));
}

TEST(Utf8, SanitizeReplacesByteByByte) {
  EXPECT_EQ(sanitize_utf8("a\xff\xfe z"), "a\uFFFD\uFFFD z");
  EXPECT_EQ(sanitize_utf8("\xe2\x82"), "\uFFFD\uFFFD");
  EXPECT_EQ(sanitize_utf8("é€😀"), "é€😀");
}

TEST(Utf8, CutsOnlyBetweenCodePoints) {
  const std::string text = "aé€😀";
  std::string_view previous;
  for (std::size_t n = 0; n <= text.size() + 2; ++n) {
    const auto cut = truncate_utf8(text, n);
    EXPECT_LE(cut.size(), n);
    EXPECT_TRUE(is_valid_utf8(cut)) << n;
    EXPECT_GE(cut.size(), previous.size());
    previous = cut;
  }
  EXPECT_EQ(previous, text);
  EXPECT_EQ(ellipsize(text, 4), text);
  EXPECT_EQ(ellipsize(text, 3), "aé€…");
  EXPECT_EQ(ellipsize(text, 0), "…");
  EXPECT_EQ(ellipsize("", 0), "");
}

TEST(Utf8, AppendThenValidate) {
  std::string out;
  for (const std::uint32_t code :
       {0x41U, 0x7fU, 0x80U, 0x7ffU, 0x800U, 0xffffU, 0x10000U, 0x10ffffU})
    append_utf8(out, code);
  EXPECT_EQ(out, "A\x7f\u0080\u07ff\u0800\uffff\U00010000\U0010ffff");
}

TEST(Utf8Property, SanitizedIsValidAndStable) {
  std::mt19937 engine(3);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(engine() % 24, '\0');
    for (auto& byte : bytes) {
      static constexpr std::string_view kInteresting =
          "\x80\xbf\xc2\xe0\xed\xf0\xf4\x9f\xa0\x8f\x90\x41";
      byte = engine() % 3 == 0 ? static_cast<char>(engine())
                               : kInteresting[engine() % kInteresting.size()];
    }
    const auto clean = sanitize_utf8(bytes);
    ASSERT_TRUE(is_valid_utf8(clean));
    ASSERT_EQ(sanitize_utf8(clean), clean);
    if (is_valid_utf8(bytes)) ASSERT_EQ(clean, bytes);
  }
}

TEST(StripControls, TakesWhatMovesACursorOrTurnsText) {
  EXPECT_EQ(strip_controls("a\x1b[2J\x07\x7f\u0085\u009f b", false), "a[2J b");
  EXPECT_EQ(strip_controls("a\nb\tc\rd", false), "abcd");
  EXPECT_EQ(strip_controls("a\nb\tc\rd", true), "a\nb\tcd");
  EXPECT_EQ(strip_controls("x\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069y", false),
            "xy");
  EXPECT_EQ(strip_controls("é \u00a0 \u2029 – 😀 \u202f \u206a", false),
            "é \u00a0 \u2029 – 😀 \u202f \u206a");
  EXPECT_EQ(strip_controls("\xe2\x80", false), "\xe2\x80");
}

}  // namespace
}  // namespace carapace

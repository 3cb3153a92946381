#include "base/json.h"

#include <gtest/gtest.h>

#include <random>

#include "base/text.h"

namespace carapace {
namespace {

TEST(ParseJson, ValuesAndErrors) {
  EXPECT_EQ(parse_json(R"({"a":[1,2.5,"x",null,true]})")->at("a").as_array().size(), 5U);
  for (const char* bad : {"", "{", "[1,]", "{a:1}", "'x'", "01", "1 2", "nul", "\"\xff\"",
                          "\"\x01\"", "// c\n1", "NaN", "Infinity", "\"\\x41\""})
    EXPECT_EQ(parse_json(bad).error().code, Errc::invalid_request) << bad;
}

TEST(ParseJson, LimitsDepthAndSize) {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_TRUE(parse_json(nested(64)));
  EXPECT_EQ(parse_json(nested(65)).error().code, Errc::invalid_request);
  EXPECT_FALSE(parse_json(nested(1'000'000)));
  EXPECT_TRUE(parse_json(nested(65), {.max_depth = 100}));
  EXPECT_EQ(parse_json("[1,2,3]", {.max_bytes = 6}).error().code, Errc::too_large);
  EXPECT_TRUE(parse_json("[1,2,3]", {.max_bytes = 7}));
}

TEST(ParseJson, LoneSurrogatesBecomeReplacementCharacters) {
  EXPECT_EQ(parse_json(R"("\ud83d")").value(), "\uFFFD");
  EXPECT_EQ(parse_json(R"("\ude00x")").value(), "\uFFFDx");
  EXPECT_EQ(parse_json(R"("\ud83d\ude00")").value(), "\U0001F600");
  EXPECT_EQ(parse_json(R"("\ud83d\ud83d\ude00")").value(), "\uFFFD\U0001F600");
  EXPECT_EQ(parse_json(R"("\ud83d\n")").value(), "\uFFFD\n");
  EXPECT_EQ(parse_json(R"("\\ud83d")").value(), "\\ud83d");
  EXPECT_EQ(parse_json(R"("\\\ud83d")").value(), "\\\uFFFD");
  EXPECT_EQ(parse_json(R"({"\ud83d":1})")->at("\uFFFD"), 1);
}

TEST(MendSurrogates, OnlyWhereNeeded) {
  EXPECT_EQ(mend_surrogates(R"("\ud83d\ude00 \u0041")"), std::nullopt);
  EXPECT_EQ(mend_surrogates(R"(\ud800\udbff)"), R"(\ufffd\ufffd)");
  EXPECT_EQ(mend_surrogates(R"(\uDC00)"), R"(\ufffd)");
  EXPECT_EQ(mend_surrogates(R"(\ud8)"), std::nullopt);
  EXPECT_EQ(mend_surrogates("\\"), std::nullopt);
}

// Numbers that no double holds would be written back as words that are no JSON.
TEST(ParseJson, NumbersOutOfRangeAreRefused) {
  for (const auto& bad :
       {std::string("1e999"), std::string("-1E+400"), std::string("[{\"a\":1e309}]"),
        std::string("0e98385946"), std::string(400, '9'), "-" + std::string(400, '9') + ".5"}) {
    const auto value = parse_json(bad);
    EXPECT_FALSE(value) << bad << " " << dump_json(*value);
  }
  EXPECT_TRUE(parse_json("1e308"));
  EXPECT_EQ(parse_json("1e-999").value(), 0.0);
  EXPECT_TRUE(parse_json("\"1e999\""));
  EXPECT_TRUE(parse_json("\"" + std::string(400, '9') + "\""));
}

TEST(JsonProperty, WhatIsReadCanBeWrittenAndReadAgain) {
  std::mt19937 engine(9);
  static constexpr std::string_view kBytes = "{}[]:,\"\\0123456789.eE+-tfnu d8";
  int accepted = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string text =
        round % 2 == 0 ? R"({"a":[1.5e3,"\ud83d\ude00",null],"b":{"c":-0}})" : "[1e9,0.25,\"x\"]";
    for (auto n = engine() % 4; n > 0; --n)
      text[engine() % text.size()] = kBytes[engine() % kBytes.size()];
    const auto value = parse_json(text);
    if (!value) continue;
    ++accepted;
    const auto again = parse_json(dump_json(*value));
    ASSERT_TRUE(again) << text << " -> " << dump_json(*value);
    ASSERT_TRUE(is_valid_utf8(dump_json(*value)));
  }
  EXPECT_GT(accepted, 2000);
}

TEST(JsonReaders, AbsentOrWrongTypeIsNothing) {
  const auto value =
      parse_json(
          R"({"s":"x","i":7,"f":7.0,"h":7.5,"b":true,"n":null,"o":{},"a":[],"u":18446744073709551615,"big":1e300})")
          .value();
  const auto& object = value.get_object();
  EXPECT_EQ(find_string(object, "s"), "x");
  EXPECT_EQ(find_string(object, "i"), std::nullopt);
  EXPECT_EQ(find_string(object, "none"), std::nullopt);
  EXPECT_EQ(find_int(object, "i"), 7);
  EXPECT_EQ(find_int(object, "f"), 7) << "integral doubles count";
  EXPECT_EQ(find_int(object, "h"), std::nullopt);
  EXPECT_EQ(find_int(object, "u"), std::nullopt);
  EXPECT_EQ(find_int(object, "big"), std::nullopt);
  EXPECT_EQ(find_int(object, "s"), std::nullopt);
  EXPECT_EQ(find_number(object, "h"), 7.5);
  EXPECT_EQ(find_number(object, "i"), 7.0);
  EXPECT_EQ(find_number(object, "b"), std::nullopt);
  EXPECT_EQ(find_bool(object, "b"), true);
  EXPECT_EQ(find_bool(object, "i"), std::nullopt);
  EXPECT_NE(find_object(object, "o"), nullptr);
  EXPECT_EQ(find_object(object, "a"), nullptr);
  EXPECT_NE(find_array(object, "a"), nullptr);
  EXPECT_TRUE(find(object, "n")->is_null());
  EXPECT_EQ(find(object, "none"), nullptr);
  EXPECT_EQ(string_or(object, "i", "else"), "else");
}

}  // namespace
}  // namespace carapace

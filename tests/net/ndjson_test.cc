#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "net/event_stream_text.h"

namespace carapace::net {
namespace {

using Lines = std::vector<std::string>;

Lines lines_of(const std::string& stream) {
  const auto parse = [](const std::vector<std::string>& pieces) {
    Lines lines;
    NdjsonParser parser([&](std::string_view line) { lines.emplace_back(line); });
    for (const auto& piece : pieces) EXPECT_TRUE(parser.feed(piece));
    EXPECT_TRUE(parser.finish());
    return lines;
  };
  const auto whole = parse({stream});
  std::vector<std::string> bytes;
  for (const char byte : stream) bytes.emplace_back(1, byte);
  EXPECT_EQ(parse(bytes), whole);
  for (std::size_t cut = 0; cut <= stream.size(); ++cut)
    EXPECT_EQ(parse({stream.substr(0, cut), stream.substr(cut)}), whole) << "cut at " << cut;
  return whole;
}

TEST(Ndjson, BlankLinesCrLfAndMissingLastLineEnd) {  // T20
  EXPECT_EQ(lines_of("{\"a\":1}\n\n\r\n{\"error\":\"x\"}\r\n  \n{\"b\":2}"),
            (Lines{"{\"a\":1}", "{\"error\":\"x\"}", "{\"b\":2}"}));
  EXPECT_EQ(lines_of(""), Lines{});
  EXPECT_EQ(lines_of("\n\n"), Lines{});
}

TEST(Ndjson, CarriageReturnInsideALineStays) {
  EXPECT_EQ(lines_of("a\rb\nc\n"), (Lines{"a\rb", "c"}));
}

TEST(Ndjson, BytesPassUnchanged) {
  EXPECT_EQ(lines_of(std::string("\xF0\x9F\x98\x80\xFF\n\0x\n", 9)),
            (Lines{"\xF0\x9F\x98\x80\xFF", std::string("\0x", 2)}));
}

TEST(Ndjson, FinishTwiceGivesTheLastLineOnce) {
  int count = 0;
  NdjsonParser parser([&](std::string_view) { ++count; });
  ASSERT_TRUE(parser.feed("{}"));
  ASSERT_TRUE(parser.finish());
  ASSERT_TRUE(parser.finish());
  EXPECT_EQ(count, 1);
}

TEST(Ndjson, LineCap) {
  Lines lines;
  NdjsonParser parser([&](std::string_view line) { lines.emplace_back(line); }, 8);
  ASSERT_TRUE(parser.feed("12345678\n1234"));
  ASSERT_TRUE(parser.feed("5678"));
  const auto status = parser.feed("9");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::too_large);
  EXPECT_EQ(parser.feed("\nx\n").error().code, Errc::too_large);
  EXPECT_EQ(parser.finish().error().code, Errc::too_large);
  EXPECT_EQ(lines, Lines{"12345678"});
}

}  // namespace
}  // namespace carapace::net

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/text.h"
#include "net/event_stream_text.h"

namespace carapace::net {
namespace {

struct Seen {
  std::vector<std::string> events;  // type|data
  Status status;
};

Seen parse(const std::vector<std::string>& pieces, std::size_t cap = 16 << 20) {
  Seen seen;
  SseParser parser([&](SseEvent&& event) { seen.events.push_back(event.type + "|" + event.data); },
                   cap);
  for (const auto& piece : pieces) {
    seen.status = parser.feed(piece);
    if (!seen.status) return seen;
  }
  seen.status = parser.finish();
  return seen;
}

// In one write, byte by byte, and cut in two at every place: the same events.
std::vector<std::string> events_of(const std::string& stream) {
  const auto whole = parse({stream});
  EXPECT_TRUE(whole.status.has_value());
  std::vector<std::string> bytes;
  for (const char byte : stream) bytes.emplace_back(1, byte);
  EXPECT_EQ(parse(bytes).events, whole.events) << "byte by byte";
  for (std::size_t cut = 0; cut <= stream.size(); ++cut)
    EXPECT_EQ(parse({stream.substr(0, cut), stream.substr(cut)}).events, whole.events)
        << "cut at " << cut;
  return whole.events;
}

using Events = std::vector<std::string>;

TEST(Sse, TypeAndData) {
  EXPECT_EQ(events_of("event: ping\ndata: {}\n\ndata: {\"a\":1}\n\n"),
            (Events{"ping|{}", "|{\"a\":1}"}));
}

TEST(Sse, MultiByteCharacterCutAnywhere) {  // T01
  EXPECT_EQ(events_of("data: \xF0\x9F\x98\x80!\n\n"), Events{"|\xF0\x9F\x98\x80!"});
}

TEST(Sse, InvalidUtf8PassesUnchanged) {
  EXPECT_EQ(events_of("data: a\xFF\xC3z\n\n"), Events{"|a\xFF\xC3z"});
}

TEST(Sse, NulIsAnOrdinaryByte) {
  EXPECT_EQ(events_of(std::string("data: a\0b\n\n", 11)), Events{std::string("|a\0b", 4)});
}

TEST(Sse, LineEndsMayBeMixedAndCut) {  // T03
  const Events both{"|a", "x|b"};
  EXPECT_EQ(events_of("data: a\n\nevent: x\ndata: b\n\n"), both);
  EXPECT_EQ(events_of("data: a\r\n\r\nevent: x\r\ndata: b\r\n\r\n"), both);
  EXPECT_EQ(events_of("data: a\r\revent: x\rdata: b\r\r"), both);
  EXPECT_EQ(events_of("data: a\r\n\revent: x\ndata: b\r\r\n"), both);
}

TEST(Sse, CarriageReturnDispatchesWithoutWaitingForTheNextByte) {
  std::vector<std::string> events;
  SseParser parser([&](SseEvent&& event) { events.push_back(event.data); });
  ASSERT_TRUE(parser.feed("data: a\r\r"));
  EXPECT_EQ(events, Events{"a"});
  ASSERT_TRUE(parser.feed("\ndata: b\n"));  // the LF belongs to the CR before it
  EXPECT_EQ(events.size(), 1U);
  ASSERT_TRUE(parser.feed("\n"));
  EXPECT_EQ(events, (Events{"a", "b"}));
}

TEST(Sse, CommentsAreIgnored) {  // T04
  EXPECT_EQ(events_of(": keep-alive\n\n:\n: PROCESSING\ndata: a\n: in between\ndata: b\n\n:\n\n"),
            Events{"|a\nb"});
}

TEST(Sse, AtMostOneSpaceGoes) {  // T05
  EXPECT_EQ(events_of("data:{}\n\ndata:  {}\n\ndata:\t{}\n\n"), (Events{"|{}", "| {}", "|\t{}"}));
}

TEST(Sse, SeveralDataLinesJoin) {  // T06
  EXPECT_EQ(events_of("data: {\ndata:   \"a\": 1\ndata: }\n\n"), Events{"|{\n  \"a\": 1\n}"});
}

TEST(Sse, EmptyDataIsAnEventButNoDataIsNone) {
  EXPECT_EQ(events_of("data:\n\ndata\n\ndata:\ndata:\n\nevent: lone\n\ndata: z\n\n"),
            (Events{"|", "|", "|\n", "|z"}));  // `lone` had no data: dropped, and its name with it
}

TEST(Sse, ByteOrderMark) {  // T07
  EXPECT_EQ(events_of("\xEF\xBB\xBF"
                      "data: a\n\n"),
            Events{"|a"});
  EXPECT_EQ(events_of("\xEF\xBB\xBF\n\xEF\xBB\xBF"
                      "data: a\n\ndata: b\n\n"),
            Events{"|b"});  // only at the start
}

TEST(Sse, EndWithoutBlankLine) {  // T08, T09
  EXPECT_EQ(events_of("data: a\n\ndata: b\n"), (Events{"|a", "|b"}));
  EXPECT_EQ(events_of("data: a\n\ndata: b"), (Events{"|a", "|b"}));
  EXPECT_EQ(events_of("data: {\"cut\": \"he"), Events{"|{\"cut\": \"he"});
  EXPECT_EQ(events_of("data: a\n\nevent: half"), Events{"|a"});
  EXPECT_EQ(events_of(""), Events{});
}

TEST(Sse, EndMarksAndUnknownEventsAreJustEvents) {  // T10, T19
  EXPECT_EQ(
      events_of(
          "data: [DONE]  \n\ndata: [DONE]\n\nevent: foo\ndata: 1\n\nevent: error\ndata: {}\n\n"),
      (Events{"|[DONE]  ", "|[DONE]", "foo|1", "error|{}"}));
}

TEST(Sse, OtherFieldsAreIgnored) {
  EXPECT_EQ(events_of("id: 7\nretry: 10\nDATA: no\n data: no\nfoo\ndata: yes\n\n"), Events{"|yes"});
}

TEST(Sse, LastEventNameWins) {
  EXPECT_EQ(events_of("event: a\nevent: b\ndata: 1\n\ndata: 2\n\n"), (Events{"b|1", "|2"}));
}

TEST(Sse, LargeLineUnderTheCap) {  // T16
  const std::string image(8 << 20, 'A');
  std::size_t got = 0;
  SseParser parser([&](SseEvent&& event) { got = event.data.size(); });
  const std::string stream = "data: " + image + "\n\n";
  for (std::size_t at = 0; at < stream.size(); at += 1000)
    ASSERT_TRUE(parser.feed(std::string_view(stream).substr(at, 1000)));
  EXPECT_EQ(got, image.size());
}

TEST(Sse, LineOverTheCapEndsTheStream) {  // T16
  SseParser parser([](SseEvent&&) { FAIL() << "no event"; });
  const std::string piece(1 << 20, 'A');
  Status status = parser.feed("data: ");
  std::size_t fed = 0;
  while (status && fed < 100) {
    status = parser.feed(piece);
    ++fed;
  }
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::too_large);
  EXPECT_LE(fed, 17U);  // it stops at the cap and does not swallow the rest first
  EXPECT_EQ(parser.feed("\n\ndata: x\n\n").error().code, Errc::too_large);
  EXPECT_EQ(parser.finish().error().code, Errc::too_large);
}

TEST(Sse, EventOfManyLinesOverTheCap) {
  const auto seen = parse({"data: 12345\ndata: 12345\ndata:\n\n"}, 11);
  EXPECT_TRUE(seen.events.empty());
  ASSERT_FALSE(seen.status);
  EXPECT_EQ(seen.status.error().code, Errc::too_large);
  EXPECT_EQ(parse({"data: 12345\ndata: 12345\n\n"}, 11).events, Events{"|12345\n12345"});
}

TEST(Sse, TinyEventsTakeLinearTime) {  // T21
  std::string stream;
  while (stream.size() < (1U << 20U)) stream += "data: {}\n\n";
  const auto time_of = [](std::string_view bytes, std::size_t step) {
    std::size_t count = 0;
    SseParser parser([&](SseEvent&&) { ++count; });
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t at = 0; at < bytes.size(); at += step)
      EXPECT_TRUE(parser.feed(bytes.substr(at, step)));
    EXPECT_TRUE(parser.finish());
    EXPECT_EQ(count, (bytes.size() + 9) / 10);
    return std::chrono::steady_clock::now() - start;
  };
  EXPECT_LT(time_of(stream, stream.size()), std::chrono::seconds(2));
  EXPECT_LT(time_of(stream, 1), std::chrono::seconds(2));
}

}  // namespace
}  // namespace carapace::net

#include "domain/message_json.h"

#include <gtest/gtest.h>

#include <random>

#include "base/json.h"
#include "domain/model_ref.h"

namespace carapace {
namespace {

class Maker {
 public:
  explicit Maker(unsigned seed) : engine_(seed) {}

  Message message() {
    Message message;
    message.at_ms = static_cast<std::int64_t>(engine_()) * 1000;
    switch (below(3)) {
      case 0:
        message.role = Role::user;
        for (auto n = below(3); n > 0; --n)
          message.blocks.push_back(below(2) == 0 ? Block(TextBlock{text()}) : Block(image()));
        break;
      case 1:
        message.role = Role::assistant;
        for (auto n = below(4); n > 0; --n) message.blocks.push_back(assistant_block());
        message.origin = origin();
        break;
      default: {
        message.role = Role::tool;
        ToolResult result{ToolCallId(text()), text(), text(), {}, below(2) == 0};
        for (auto n = below(3); n > 0; --n) result.images.push_back(image());
        message.blocks.emplace_back(std::move(result));
      }
    }
    return message;
  }
  std::uint32_t below(std::uint32_t n) { return engine_() % n; }

 private:
  std::string text() {
    static const std::vector<std::string> pieces{"a", "\"",   "\\",   "\n", "é",     "😀",
                                                 "{", "tool", "\x01", " ",  "\u2028"};
    std::string out;
    for (auto n = below(6); n > 0; --n)
      out += pieces[below(static_cast<std::uint32_t>(pieces.size()))];
    return out;
  }
  ImageBlock image() { return {"image/png", "iVBORw0KGgo="}; }
  Block assistant_block() {
    switch (below(4)) {
      case 0: return TextBlock{text()};
      case 1: return ThinkingBlock{text(), text(), below(2) == 0};
      case 2:
        return ToolCall{ToolCallId(text()), text(),
                        dump_json(json::object{{text(), text()}, {"n", below(100)}}), false};
      default: return ToolCall{ToolCallId(text()), text(), "{\"cut\": \"off " + text(), true};
    }
  }
  Origin origin() {
    Origin origin{text(),           text(), text(), {}, static_cast<std::int64_t>(engine_()),
                  StopReason::stop, text()};
    origin.usage = {below(1'000'000), below(1'000'000), below(1'000'000), below(1'000'000)};
    origin.stop = static_cast<StopReason>(below(8));
    return origin;
  }
  std::mt19937 engine_;
};

// Label, principal and run are columns of the store and no part of this form.
TEST(MessageJsonProperty, RoundTrip) {
  Maker maker(4);
  for (int round = 0; round < 5000; ++round) {
    const auto message = maker.message();
    const auto text = dump_json(message_to_json(message));
    const auto parsed = parse_json(text);
    ASSERT_TRUE(parsed) << text;
    const auto back = message_from_json(parsed->get_object());
    ASSERT_TRUE(back) << text << "\n" << back.error().detail;
    ASSERT_EQ(*back, message) << text;
  }
}

TEST(MessageJson, WireNames) {
  Message message{
      Role::assistant,
      {TextBlock{"hi"}, ToolCall{ToolCallId("c1"), "web_fetch", R"({"url":"u"})", false}},
      5,
      {},
      {},
      {},
      Origin{}};
  message.origin->stop = StopReason::tool_use;
  message.origin->usage = {1, 2, 3, 4};
  message.origin->cost_micros = 1'500'000;
  EXPECT_EQ(
      dump_json(message_to_json(message)),
      R"({"role":"assistant","content":[{"type":"text","text":"hi"},)"
      R"({"type":"toolCall","id":"c1","name":"web_fetch","arguments":{"url":"u"}}],)"
      R"("usage":{"input":1,"output":2,"cacheRead":3,"cacheWrite":4,"totalTokens":10,"cost":{"total":1.5E0}},)"
      R"("stopReason":"toolUse","timestamp":5})");
}

TEST(MessageJson, ReadsPlainTextContent) {
  const auto message =
      message_from_json(parse_json(R"({"role":"user","content":"hello"})")->get_object());
  ASSERT_TRUE(message);
  EXPECT_EQ(text_of(*message), "hello");
}

TEST(MessageJson, RefusesWhatItDoesNotKnow) {
  const auto read = [](const char* text) {
    return message_from_json(parse_json(text).value().get_object());
  };
  EXPECT_EQ(read(R"({"role":"system","content":[]})").error().code, Errc::invalid_request);
  EXPECT_EQ(read(R"({})").error().code, Errc::invalid_request);
  EXPECT_EQ(read(R"({"role":"user","content":[1]})").error().code, Errc::invalid_request);
  EXPECT_EQ(read(R"({"role":"user","content":[{"type":"hologram"}]})").error().code,
            Errc::invalid_request);
  EXPECT_TRUE(read(R"({"role":"user"})")->blocks.empty());
}

TEST(Messages, TextAndCalls) {
  const Message message{Role::assistant,
                        {TextBlock{"a"}, ThinkingBlock{"no", "", false}, TextBlock{""},
                         ToolCall{ToolCallId("1"), "t", "{}", false}, TextBlock{"b"}},
                        0,
                        {},
                        {},
                        {},
                        {}};
  EXPECT_EQ(text_of(message), "a\n\nb");
  ASSERT_EQ(tool_calls_of(message).size(), 1U);
  EXPECT_EQ(tool_calls_of(message).front()->name, "t");
}

TEST(Usage, CostsInMicros) {
  const Usage usage{1000, 500, 2000, 100};
  EXPECT_EQ(usage.total(), 3600);
  EXPECT_EQ(usage.prompt(), 3100);
  EXPECT_EQ(cost_micros(usage, {3, 15, 0.3, 3.75, true}), 3000 + 7500 + 600 + 375);
  EXPECT_EQ(cost_micros({1, 0, 0, 0}, {0.4, 0, 0, 0, true}), 0);
  EXPECT_EQ(cost_micros({}, {}), 0);
}

TEST(ModelRef, Parses) {
  EXPECT_EQ(parse_model_ref("a/b/c")->provider, "a");
  EXPECT_EQ(parse_model_ref("a/b/c")->model, "b/c");
  EXPECT_EQ(parse_model_ref("a/b/c")->text(), "a/b/c");
  for (const char* bad : {"", "a", "/a", "a/", "/"}) EXPECT_FALSE(parse_model_ref(bad)) << bad;
}

}  // namespace
}  // namespace carapace

// The /api/chat wire without sockets (provider cases D.6, T20): whole, one byte at a time and cut.
#include <gtest/gtest.h>

#include "base/json.h"
#include "extensions/providers/ollama_wire.h"
#include "provider/recording_sink.h"

namespace carapace::providers {
namespace {

using provider::Completion;
using test::calls_in;
using test::text_in;

struct Read {
  Result<Completion> result;
  test::RecordingSink sink;
};

Read read(std::string_view bytes, std::size_t piece = std::string_view::npos) {
  Read out{fail(Errc::internal, "unread"), {}};
  int next = 0;
  OllamaStream stream(out.sink, {}, [&next] { return "fresh_" + std::to_string(++next); });
  out.result = test::read_all(stream, bytes, piece);
  return out;
}

Read read_every_way(std::string_view bytes) {
  auto whole = read(bytes);
  for (const std::size_t piece : {1U, 7U}) {
    const auto cut = read(bytes, piece);
    EXPECT_EQ(cut.result.has_value(), whole.result.has_value()) << bytes;
    EXPECT_EQ(cut.sink.text, whole.sink.text);
    if (cut.result && whole.result) {
      EXPECT_EQ(cut.result->blocks, whole.result->blocks);
    }
  }
  return whole;
}

Errc code_of(std::string_view bytes) {
  const auto out = read_every_way(bytes);
  EXPECT_FALSE(out.result) << bytes;
  return out.result ? Errc::internal : out.result.error().code;
}

std::string line(std::string_view message) {
  return R"({"model":"m","message":{"role":"assistant",)" + std::string(message) +
         "},\"done\":false}\n";
}
std::string end(
    std::string_view more = R"(,"done_reason":"stop","prompt_eval_count":11,"eval_count":7)") {
  return R"({"model":"m","message":{"role":"assistant","content":""},"done":true)" +
         std::string(more) + "}\n";
}

TEST(OllamaStream, TextThinkingUsage) {
  const auto out =
      read_every_way(line(R"("content":"","thinking":"why")") + line(R"("content":"Hel")") +
                     "\n\r\n" + line(R"("content":"lo")") + end());
  ASSERT_TRUE(out.result);
  EXPECT_EQ(out.sink.thinking, "why");
  EXPECT_EQ(text_in(*out.result), "Hello");
  EXPECT_EQ(out.result->usage, (Usage{11, 7, 0, 0}));
  EXPECT_EQ(out.result->stop, StopReason::stop);
}

TEST(OllamaStream, EndsAndReasons) {
  EXPECT_TRUE(read_every_way(line(R"("content":"a")") + R"({"done":true})").result)
      << "L02, L03, no last line end";
  EXPECT_EQ(read(line(R"("content":"a")") + end(R"(,"done_reason":"length")")).result->stop,
            StopReason::length);
  EXPECT_EQ(code_of(end(R"(,"done_reason":"load")")), Errc::unavailable) << "L09";
  EXPECT_EQ(code_of(line(R"("content":"a")")), Errc::unavailable);
  EXPECT_EQ(code_of(""), Errc::unavailable);
  EXPECT_EQ(code_of(line(R"("content":"a")") +
                    R"({"error":"an error was encountered while running the model"})"),
            Errc::unavailable)
      << "L01";
  EXPECT_EQ(code_of("<html><title>x</title></html>\n"), Errc::unavailable);
  EXPECT_EQ(code_of("[1]\n"), Errc::unavailable);
}

TEST(OllamaStream, L04L05Calls) {
  const auto out = read_every_way(
      line(
          R"("content":"","tool_calls":[{"function":{"index":0,"name":"look","arguments":{"x":1}}},{"id":"c9","function":{"name":"look","arguments":"{\"y\":2}"}},{"function":{"name":"look"}}])") +
      end());
  ASSERT_TRUE(out.result);
  EXPECT_EQ(out.result->stop, StopReason::tool_use);
  const auto calls = calls_in(*out.result);
  ASSERT_EQ(calls.size(), 3U);
  EXPECT_EQ(calls[0], (ToolCall{ToolCallId("fresh_1"), "look", R"({"x":1})", false}));
  EXPECT_EQ(calls[1], (ToolCall{ToolCallId("c9"), "look", R"({"y":2})", false}));
  EXPECT_EQ(calls[2].arguments, "{}");
}

TEST(OllamaStream, TagsAndCutCharacters) {
  const auto out =
      read_every_way(line(R"("content":"<th")") + line(R"("content":"ink>why</think>\n\n\ud83d")") +
                     line(R"("content":"\ude00")") + end());
  EXPECT_EQ(out.sink.thinking, "why");
  EXPECT_EQ(out.sink.text, "😀");
}

TEST(OllamaStream, CutAtEveryByteIsDefined) {
  const auto stream =
      line(R"("content":"é\ud83d","thinking":"w")") + line(R"("content":"\ude00")") +
      line(R"("content":"","tool_calls":[{"function":{"name":"look","arguments":{"x":"é"}}}])") +
      end();
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    const auto out = read(std::string_view(stream).substr(0, cut));
    EXPECT_TRUE(out.sink.valid);
    if (out.result) {
      EXPECT_GE(cut, stream.size() - 1);
    } else {
      EXPECT_EQ(out.result.error().code, Errc::unavailable);
    }
  }
}

TEST(OllamaRequest, Conversation) {
  provider::Request request;
  request.model = "m";
  request.system = "Be brief.";
  request.max_output_tokens = 100;
  request.context_window = 200'000;
  request.tools = {{"look", "Looks.", "not json"}};
  request.messages = {
      {Role::user,
       {TextBlock{"see"}, ImageBlock{"image/png", "AAAA"}},
       0,
       {},
       {},
       {},
       std::nullopt},
      {Role::assistant,
       {ThinkingBlock{"hm", "", false}, ToolCall{ToolCallId("c"), "look", R"({"x":1})", false}},
       0,
       {},
       {},
       {},
       Origin{}},
      {Role::tool,
       {ToolResult{ToolCallId("c"), "look", "seen", {}, false}},
       0,
       {},
       {},
       {},
       std::nullopt}};
  provider::Settings settings;
  auto out = parse_json(ollama_body(request, settings, {}))->get_object();
  EXPECT_EQ(
      dump_json(out.at("messages")),
      R"([{"role":"system","content":"Be brief."},{"role":"user","content":"see","images":["AAAA"]},)"
      R"({"role":"assistant","content":"","tool_calls":[{"id":"c","function":{"name":"look","arguments":{"x":1}}}],"thinking":"hm"},)"
      R"({"role":"tool","tool_name":"look","tool_call_id":"c","content":"seen"}])");
  EXPECT_EQ(find_int(*find_object(out, "options"), "num_ctx"), 32'768)
      << "nobody described the model";
  EXPECT_EQ(find_int(*find_object(out, "options"), "num_predict"), 100);
  EXPECT_FALSE(out.contains("think"));
  provider::ModelInfo model;
  model.id = "m";
  model.reasoning = true;
  settings.models = {model};
  request.context_window = 65'536;
  out = parse_json(ollama_body(request, settings, {}))->get_object();
  EXPECT_EQ(find_int(*find_object(out, "options"), "num_ctx"), 65'536);
  EXPECT_EQ(find_bool(out, "think"), false);
  request.thinking = provider::Thinking::high;
  EXPECT_EQ(find_bool(parse_json(ollama_body(request, settings, {}))->get_object(), "think"), true);
  EXPECT_FALSE(parse_json(ollama_body(request, settings, {.thinking = true}))
                   ->get_object()
                   .contains("think"));
}

}  // namespace
}  // namespace carapace::providers

// Streams of the chat completions wire without sockets: whole, one byte at a time and
// cut.
#include <gtest/gtest.h>

#include "base/json.h"
#include "extensions/providers/openai_stream.h"
#include "provider/recording_sink.h"

namespace carapace::providers {
namespace {

using provider::Completion;
using test::calls_in;
using test::text_in;
using test::thinking_in;

const std::vector<provider::ToolDefinition> kTools{{"get_weather", "", R"({"type":"object"})"},
                                                   {"look", "", "{}"}};

struct Read {
  Result<Completion> result;
  test::RecordingSink sink;
};

Read read(std::string_view bytes, ChatStreamOptions options = {},
          std::size_t piece = std::string_view::npos) {
  Read out{fail(Errc::internal, "unread"), {}};
  int next = 0;
  ChatStream stream(
      out.sink, kTools, [&next] { return "fresh_" + std::to_string(++next); }, options);
  out.result = test::read_all(stream, bytes, piece);
  return out;
}

// The same stream whole, byte by byte and in sevens must read the same.
Read read_every_way(std::string_view bytes, ChatStreamOptions options = {}) {
  auto whole = read(bytes, options);
  for (const std::size_t piece : {1U, 7U}) {
    const auto cut = read(bytes, options, piece);
    EXPECT_EQ(cut.result.has_value(), whole.result.has_value()) << bytes;
    EXPECT_EQ(cut.sink.text, whole.sink.text);
    EXPECT_EQ(cut.sink.thinking, whole.sink.thinking);
    EXPECT_TRUE(cut.sink.valid);
    if (cut.result && whole.result) {
      EXPECT_EQ(cut.result->blocks, whole.result->blocks);
      EXPECT_EQ(cut.result->stop, whole.result->stop);
      EXPECT_EQ(cut.result->usage, whole.result->usage);
    }
  }
  return whole;
}

std::string event(std::string_view json_text) { return "data: " + std::string(json_text) + "\n\n"; }
std::string delta(std::string_view fields, std::string_view reason = "") {
  return event(R"({"id":"x","model":"m-1","choices":[{"index":0,"delta":{)" + std::string(fields) +
               R"(},"finish_reason":)" +
               (reason.empty() ? "null" : "\"" + std::string(reason) + "\"") + "}]}");
}
std::string text(std::string_view words) {
  return delta("\"content\":\"" + std::string(words) + "\"");
}
std::string end(std::string_view reason = "stop") { return delta("", reason) + "data: [DONE]\n\n"; }
std::string call(std::string_view item) {
  return delta("\"tool_calls\":[" + std::string(item) + "]");
}

std::vector<ToolCall> calls_of(std::string_view body, std::string_view reason = "tool_calls") {
  const auto out = read_every_way(std::string(body) + end(reason));
  EXPECT_TRUE(out.result) << body;
  if (!out.result) return {};
  EXPECT_EQ(out.result->stop, StopReason::tool_use);
  return calls_in(*out.result);
}

Errc code_of(std::string_view bytes) {
  const auto out = read_every_way(bytes);
  EXPECT_FALSE(out.result) << bytes;
  return out.result ? Errc::internal : out.result.error().code;
}

// ---- D.1 ----

TEST(ChatStream, PlainText) {
  const auto out = read_every_way(delta(R"("role":"assistant","content":"")") + text("Hel") +
                                  text("lo") + end());
  ASSERT_TRUE(out.result);
  EXPECT_EQ(text_in(*out.result), "Hello");
  EXPECT_EQ(out.sink.text, "Hello");
  EXPECT_EQ(out.result->model, "m-1");
  EXPECT_EQ(out.result->stop, StopReason::stop);
  EXPECT_EQ(out.result->blocks.size(), 1U);
}

TEST(ChatStream, T01T02CutCharacters) {
  EXPECT_EQ(read_every_way(text("😀é") + end()).sink.text, "😀é");
  EXPECT_EQ(read_every_way(text("\\ud83d") + text("\\ude00!") + end()).sink.text, "😀!");
  EXPECT_EQ(read_every_way(text("a\\ud83d") + end()).sink.text, "a\uFFFD");
  EXPECT_EQ(read_every_way(text("\\ude00b") + end()).sink.text, "\uFFFDb");
  const auto parts = read_every_way(
      call(R"({"index":0,"id":"c","function":{"name":"look","arguments":"{\"a\":\"\ud83d"}})") +
      call(R"({"index":0,"function":{"arguments":"\ude00\"}"}})") + end());
  ASSERT_TRUE(parts.result);
  EXPECT_EQ(calls_in(*parts.result)[0].arguments, "{\"a\":\"😀\"}");
}

TEST(ChatStream, T03ToT08LineEndsAndComments) {
  for (const std::string line : {"\n", "\r\n", "\r"}) {
    auto bytes = text("hi") + end();
    std::string out;
    for (const char c : bytes) out += c == '\n' ? line : std::string(1, c);
    EXPECT_EQ(read_every_way(out).sink.text, "hi");
  }
  const std::string chunk = R"({"choices":[{"delta":{"content":"x"}}]})";
  EXPECT_EQ(read_every_way(": OPENROUTER PROCESSING\n\n:\n\ndata:" + chunk +
                           "\n\n: keep-alive\n\ndata:  " + chunk + "\n\n" + end())
                .sink.text,
            "xx");
  EXPECT_EQ(read_every_way("\xEF\xBB\xBF"
                           "data: {\"choices\":\ndata: [{\"delta\":{\"content\":\"x\"}}]}\n\n" +
                           end())
                .sink.text,
            "x");
  EXPECT_TRUE(read_every_way(text("x") + "data: [DONE]").result) << "no blank line at the end";
}

TEST(ChatStream, T09ToT12Ends) {
  EXPECT_EQ(code_of(text("a") + "data: {\"choices\":[{\"del"), Errc::unavailable);
  EXPECT_TRUE(read_every_way(text("a") + "data: [DONE]  \n\ndata: [DONE]\n\ngarbage").result);
  EXPECT_TRUE(read_every_way(text("a") + delta("", "stop")).result) << "no end mark";
  EXPECT_EQ(code_of(text("a")), Errc::unavailable);
  EXPECT_EQ(code_of(""), Errc::unavailable);
}

TEST(ChatStream, T13T14DocumentsInsteadOfStreams) {
  EXPECT_EQ(code_of(R"({"error":{"message":"no such model","code":"model_not_found"}})"),
            Errc::not_found);
  EXPECT_EQ(code_of("<html><title>Sign in</title>"), Errc::unavailable);
  EXPECT_EQ(code_of(R"({"hello":"world"})"), Errc::unavailable);
  EXPECT_EQ(code_of("[]"), Errc::unavailable);
  EXPECT_EQ(code_of(R"([{"error":{"code":429,"message":"slow"}}])"), Errc::rate_limited);
  const auto whole = read_every_way(
      "{\n \"choices\":[{\"message\":{\"content\":\"all at once\"},\"finish_reason\":\"stop\"}],\n "
      "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}");
  ASSERT_TRUE(whole.result);
  EXPECT_EQ(text_in(*whole.result), "all at once");
  EXPECT_EQ(whole.result->usage.output, 4);
}

TEST(ChatStream, T16LimitsAndT19UnknownEvents) {
  EXPECT_EQ(read(text(std::string(8 << 20, 'x')) + end()).sink.text.size(), 8U << 20U);
  const auto huge = read("data: " + std::string(20 << 20, 'x'));
  ASSERT_FALSE(huge.result);
  EXPECT_EQ(huge.result.error().code, Errc::too_large);
  EXPECT_EQ(code_of("event: error\ndata: {\"message\":\"broken\"}\n\n"), Errc::unavailable);
  EXPECT_TRUE(read_every_way("event: foo\ndata: {\"a\":1}\n\n" + text("x") + end()).result);
}

TEST(ChatStream, T21T23HostileEvents) {
  std::string empties;
  for (int i = 0; i < 80'000; ++i) empties += "data: {}\n\n";
  EXPECT_TRUE(read(empties + end(), {}, 4096).result);
  EXPECT_TRUE(
      read_every_way(
          event(
              R"({"choices":[{"delta":{"content":"a\u0000b","content":"c"}}],"usage":{"prompt_tokens":1e300,"completion_tokens":18446744073709551615}})") +
          end())
          .result);
  EXPECT_EQ(code_of(event(std::string(10'000, '[') + std::string(10'000, ']'))), Errc::unavailable);
  EXPECT_EQ(code_of(event("\"text\"")), Errc::unavailable);
  EXPECT_EQ(code_of(event("nonsense")), Errc::unavailable);
  EXPECT_EQ(code_of(event(R"({"usage":{"prompt_tokens":1e400}})")), Errc::unavailable)
      << "a number that no double holds is no JSON to us";
  EXPECT_TRUE(
      read_every_way(
          event(R"({"choices":{"a":1}})") +
          event(
              R"({"choices":[1,null,{"delta":7},{"delta":{"content":{"x":1},"tool_calls":[3,{"function":4}]}}]})") +
          end())
          .result);
}

// ---- D.2 ----

TEST(ChatStream, O01O02EmptyChoicesAndUsage) {
  const auto usage = [](std::string_view bytes) {
    const auto out = read_every_way(bytes);
    EXPECT_TRUE(out.result);
    return out.result ? out.result->usage : Usage{};
  };
  const Usage expected{7, 5, 3, 0};
  const std::string numbers =
      R"({"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":3}})";
  EXPECT_EQ(usage(event(R"({"choices":[],"prompt_filter_results":[]})") + text("a") +
                  event(R"({"choices":[],"usage":null})") + delta("", "stop") +
                  event(R"({"choices":[],"usage":)" + numbers + "}") + "data: [DONE]\n\n"),
            expected);
  EXPECT_EQ(
      usage(event(R"({"choices":[{"delta":{},"finish_reason":"stop"}],"usage":)" + numbers + "}")),
      expected);
  EXPECT_EQ(
      usage(event(R"({"choices":[{"delta":{},"finish_reason":"stop","usage":)" + numbers + "}]}")),
      expected);
  EXPECT_EQ(usage(event(R"({"choices":[],"x_groq":{"usage":)" + numbers + "}}") + end()), expected);
  EXPECT_EQ(usage(event(R"({"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}})") +
                  event(R"({"choices":[],"usage":)" + numbers + "}") + end()),
            expected);
  EXPECT_EQ(
      usage(
          event(
              R"({"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":5,"prompt_cache_hit_tokens":3}})") +
          end()),
      expected);
  EXPECT_EQ(usage(text("a") + end()), Usage{});
  EXPECT_EQ(
      usage(
          event(
              R"({"choices":[],"usage":{"prompt_tokens":-5,"completion_tokens":-1,"prompt_tokens_details":{"cached_tokens":99}}})") +
          end()),
      Usage{});
}

TEST(ChatStream, O03O04O07WhichCall) {
  auto calls = calls_of(
      call(
          R"({"index":0,"id":"a","type":"function","function":{"name":"look","arguments":""}},{"index":1,"id":"b","function":{"name":"get_weather","arguments":"{"}})") +
      call(R"({"index":0,"function":{"arguments":"{\"x\":1}"}})") +
      call(R"({"index":1,"function":{"arguments":"\"y\":2}"}})"));
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0], (ToolCall{ToolCallId("a"), "look", R"({"x":1})", false}));
  EXPECT_EQ(calls[1], (ToolCall{ToolCallId("b"), "get_weather", R"({"y":2})", false}));

  calls = calls_of(call(R"({"id":"a","function":{"name":"look","arguments":"{\"x\":"}})") +
                   call(R"({"function":{"arguments":"1}"}})") +
                   call(R"({"id":"b","function":{"name":"look","arguments":"{}"}})"));
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0].arguments, R"({"x":1})");

  calls =
      calls_of(call(R"({"index":0,"id":"a","function":{"name":"look","arguments":"{}"}})") +
               call(R"({"index":0,"id":"b","function":{"name":"look","arguments":"{\"z\":1}"}})"));
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[1].arguments, R"({"z":1})");

  calls = calls_of(call(R"({"index":2,"id":"a","function":{"name":"look","arguments":"{}"}})") +
                   call(R"({"index":5,"id":"b","function":{"name":"look","arguments":"{}"}})"));
  EXPECT_EQ(calls.size(), 2U);
  calls = calls_of(call(R"({"function":{"name":"look","arguments":"{\"x\":1}"}})") +
                   call(R"({"function":{"name":"look","arguments":"{\"x\":2}"}})"));
  ASSERT_EQ(calls.size(), 2U) << "whole calls without index and id";
  EXPECT_EQ(calls[0].id.value, "fresh_1");
  EXPECT_EQ(calls[1].id.value, "fresh_2");
  calls = calls_of(call(
      R"({"index":0,"id":"same","function":{"name":"look","arguments":"{}"}},{"index":1,"id":"same","function":{"name":"look","arguments":"{}"}})"));
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_NE(calls[0].id, calls[1].id);
}

TEST(ChatStream, O05IdsAndNamesAgainOrInPieces) {
  auto calls =
      calls_of(call(R"({"index":0,"id":"a","function":{"name":"get_weather","arguments":"{"}})") +
               call(R"({"index":0,"id":"a","function":{"name":"get_weather","arguments":"}"}})"));
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].name, "get_weather");
  EXPECT_EQ(calls[0].id.value, "a");
  calls = calls_of(call(R"({"index":0,"id":"a","function":{"name":"get_"}})") +
                   call(R"({"index":0,"id":null,"function":{"name":"weather"}})") +
                   call(R"({"index":0,"id":"","function":{"name":"","arguments":"{}"}})"));
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].name, "get_weather");
  calls = calls_of(call(R"({"index":0,"id":"a","function":{"arguments":"{\"x\":1}"}})") +
                   call(R"({"index":0,"function":{"name":"look"}})"));
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0], (ToolCall{ToolCallId("a"), "look", R"({"x":1})", false}));
  calls = calls_of(call(R"({"index":0,"id":"a","function":{"arguments":"{}"}})"));
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].name, "unknown");
}

TEST(ChatStream, O06Arguments) {
  const auto arguments = [](std::string_view value) {
    const auto calls =
        calls_of(call(R"({"index":0,"id":"a","function":{"name":"look","arguments":)" +
                      std::string(value) + "}}"));
    return calls.size() == 1 ? calls[0] : ToolCall{};
  };
  EXPECT_EQ(arguments(R"({"x":1})").arguments, R"({"x":1})");
  for (const auto* nothing : {"\"\"", "null", "\"null\"", "\"{}\"", "{}"}) {
    EXPECT_EQ(arguments(nothing).arguments, "{}") << nothing;
    EXPECT_FALSE(arguments(nothing).malformed);
  }
  EXPECT_EQ(arguments(R"("\"{\\\"x\\\":1}\"")").arguments, R"({"x":1})");
  EXPECT_TRUE(arguments(R"("{'x':1}")").malformed);
  EXPECT_EQ(arguments(R"("{\"x\":\"a\nb\"}")").arguments, R"({"x":"a\u000ab"})");
  // Cut by the output limit: never run with what is there.
  const auto cut =
      calls_of(call(R"({"index":0,"id":"a","function":{"name":"look","arguments":"{\"x\":\"ha"}})"),
               "length");
  ASSERT_EQ(cut.size(), 1U);
  EXPECT_TRUE(cut[0].malformed);
  EXPECT_EQ(cut[0].arguments, "{\"x\":\"ha");
}

TEST(ChatStream, O08FinishReasons) {
  const auto stop = [](std::string_view bytes) {
    const auto out = read_every_way(bytes);
    EXPECT_TRUE(out.result) << bytes;
    return out.result ? out.result->stop : StopReason::error;
  };
  const auto one_call = call(R"({"index":0,"id":"a","function":{"name":"look","arguments":"{}"}})");
  EXPECT_EQ(stop(one_call + end("stop")), StopReason::tool_use);
  EXPECT_EQ(stop(one_call + end("function_call")), StopReason::tool_use);
  EXPECT_EQ(stop(one_call + "data: [DONE]\n\n"), StopReason::tool_use) << "no reason at all";
  EXPECT_EQ(stop(text("a") + end("tool_calls")), StopReason::stop);
  EXPECT_EQ(stop(text("a") + end("eos")), StopReason::stop);
  EXPECT_EQ(stop(text("a") + end("length")), StopReason::length);
  EXPECT_EQ(stop(text("a") + end("model_length")), StopReason::length);
  EXPECT_EQ(stop(text("a") + delta("", "stop") + text("b") + end("length")), StopReason::stop);
  EXPECT_EQ(read_every_way(text("a") + delta("", "stop") + text("b") + end()).sink.text, "ab");
  EXPECT_EQ(code_of(text("a") + end("error")), Errc::unavailable);
  const auto legacy = calls_of(delta(R"("function_call":{"name":"look","arguments":"{"})") +
                                   delta(R"("function_call":{"arguments":"}"})"),
                               "function_call");
  ASSERT_EQ(legacy.size(), 1U);
  EXPECT_EQ(legacy[0].arguments, "{}");
}

TEST(ChatStream, O09OddDeltas) {
  EXPECT_EQ(
      read_every_way(
          delta(
              R"("content":[{"type":"text","text":"a"},"b",{"type":"thinking","thinking":[{"type":"text","text":"t"}]}])") +
          delta(R"("content":null)") + event(R"({"choices":[{"delta":null}]})") +
          event(R"({"choices":[{"message":{"role":"assistant","content":"c"}}]})") +
          delta(R"("role":"assistant")") + end())
          .sink.text,
      "abc");
}

TEST(ChatStream, O10Reasoning) {
  auto out = read_every_way(
      delta(R"("reasoning_content":"why","reasoning":"why","content":"because")") + end());
  ASSERT_TRUE(out.result);
  EXPECT_EQ(thinking_in(*out.result), "why");
  EXPECT_TRUE(std::holds_alternative<ThinkingBlock>(out.result->blocks[0]));
  EXPECT_EQ(text_in(*out.result), "because");
  out = read_every_way(text("<th") + text("ink>why</thi") + text("nk>because") + end(),
                       {.think_tags = true});
  EXPECT_EQ(out.sink.thinking, "why");
  EXPECT_EQ(out.sink.text, "because");
  EXPECT_EQ(read_every_way(text("<think>no end") + end(), {.think_tags = true}).sink.thinking,
            "no end");
  out =
      read_every_way(text("why</think>because") + end(), {.think_tags = true, .lone_close = true});
  EXPECT_EQ(thinking_in(*out.result), "why");
  EXPECT_EQ(text_in(*out.result), "because");
  out = read_every_way(
      delta(R"("reasoning_details":[{"type":"reasoning.text","index":0,"text":"a"}])") +
      delta(
          R"("reasoning_details":[{"type":"reasoning.text","index":0,"text":"b","signature":"s"},{"type":"reasoning.encrypted","index":1,"data":"z"}])") +
      text("x") + end());
  ASSERT_TRUE(out.result);
  const auto& thinking = std::get<ThinkingBlock>(out.result->blocks[0]);
  EXPECT_EQ(thinking.text, "ab");
  EXPECT_EQ(
      thinking.signature,
      R"([{"type":"reasoning.text","index":0,"text":"ab","signature":"s"},{"type":"reasoning.encrypted","index":1,"data":"z"}])");
}

TEST(ChatStream, O11ErrorsInTheStream) {
  EXPECT_EQ(
      code_of(
          text("a") +
          event(
              R"({"error":{"message":"x","code":502,"metadata":{}},"choices":[{"finish_reason":"error","delta":{"content":""}}]})")),
      Errc::unavailable);
  EXPECT_EQ(code_of(event(R"({"error":"text"})")), Errc::unavailable);
  EXPECT_EQ(
      code_of(event(
          R"({"object":"error","message":"maximum context length is 10 tokens","code":400})")),
      Errc::too_large);
  EXPECT_EQ(code_of(event(R"({"detail":[{"msg":"field required"}]})")), Errc::unavailable);
  EXPECT_EQ(code_of(event(R"({"error":{"message":"x","code":"insufficient_quota"}})") +
                    "data: [DONE]\n\n"),
            Errc::budget_exceeded);
}

TEST(ChatStream, O14RefusalsAndO16Names) {
  auto out = read_every_way(delta(R"("refusal":"I can")") + delta(R"("refusal":"not")") + end());
  ASSERT_TRUE(out.result);
  EXPECT_EQ(out.result->stop, StopReason::refusal);
  EXPECT_EQ(text_in(*out.result), "I cannot");
  out = read_every_way(text("half an ans") + end("content_filter"));
  EXPECT_EQ(out.result->stop, StopReason::refusal);
  EXPECT_EQ(text_in(*out.result), "half an ans");
  const auto calls = calls_of(call(
      R"({"index":0,"id":"a","function":{"name":"functions.look<|channel|>commentary","arguments":"{}"}})"));
  ASSERT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls[0].name, "look");
}

TEST(ChatStream, SilentOverflow) {
  const auto full = delta("", "length") +
                    event(R"({"choices":[],"usage":{"prompt_tokens":995,"completion_tokens":0}})") +
                    "data: [DONE]\n\n";
  const auto out = read(full, {.context_window = 1000});
  ASSERT_FALSE(out.result);
  EXPECT_EQ(out.result.error().code, Errc::too_large);
  EXPECT_TRUE(read(full, {.context_window = 2000}).result);
}

TEST(ChatStream, CutAtEveryByteIsDefined) {
  const std::string stream =
      delta(R"("role":"assistant","reasoning_content":"w\ud83d")") +
      delta(R"("reasoning_content":"\ude00y")") + text("é\\ud83d") + text("\\ude00 <b>") +
      call(R"({"index":0,"id":"a","function":{"name":"look","arguments":"{\"k\":\"\\u00e9\","}})") +
      call(R"({"index":0,"function":{"arguments":"\"x\":1}"}})") + delta("", "tool_calls") +
      event(R"({"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3}})") +
      "data: [DONE]\n\n";
  const auto finish_at = stream.find("\"tool_calls\"}]}");
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    const auto out = read(std::string_view(stream).substr(0, cut), {.think_tags = true});
    EXPECT_TRUE(out.sink.valid);
    if (out.result) {
      EXPECT_TRUE(test::all_utf8(*out.result));
      EXPECT_GT(cut, finish_at) << "complete before its finish reason";
    } else {
      EXPECT_EQ(out.result.error().code, Errc::unavailable) << cut;
    }
  }
}

}  // namespace
}  // namespace carapace::providers

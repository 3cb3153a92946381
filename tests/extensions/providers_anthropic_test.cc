// The Messages wire without sockets (provider cases D.3): whole, one byte at a time and cut.
#include <gtest/gtest.h>

#include "base/json.h"
#include "extensions/providers/anthropic_request.h"
#include "extensions/providers/anthropic_stream.h"
#include "provider/recording_sink.h"

namespace carapace::providers {
namespace {

using provider::Completion;
using test::calls_in;
using test::text_in;

const std::vector<provider::ToolDefinition> kTools{
    {"look", "Looks.", R"({"type":"object","properties":{}})"}, {"go", "Goes.", "{}"}};

struct Read {
  Result<Completion> result;
  test::RecordingSink sink;
};

Read read(std::string_view bytes, std::size_t piece = std::string_view::npos) {
  Read out{fail(Errc::internal, "unread"), {}};
  int next = 0;
  MessagesStream stream(out.sink, kTools, [&next] { return "fresh_" + std::to_string(++next); });
  out.result = test::read_all(stream, bytes, piece);
  return out;
}

Read read_every_way(std::string_view bytes) {
  auto whole = read(bytes);
  for (const std::size_t piece : {1U, 7U}) {
    const auto cut = read(bytes, piece);
    EXPECT_EQ(cut.result.has_value(), whole.result.has_value()) << bytes;
    EXPECT_EQ(cut.sink.text, whole.sink.text);
    EXPECT_TRUE(cut.sink.valid);
    if (cut.result && whole.result) {
      EXPECT_EQ(cut.result->blocks, whole.result->blocks);
      EXPECT_EQ(cut.result->stop, whole.result->stop);
      EXPECT_EQ(cut.result->usage, whole.result->usage);
    }
  }
  return whole;
}

Errc code_of(std::string_view bytes) {
  const auto out = read_every_way(bytes);
  EXPECT_FALSE(out.result) << bytes;
  return out.result ? Errc::internal : out.result.error().code;
}

std::string event(std::string_view type, std::string_view rest) {
  return "event: " + std::string(type) + "\ndata: {\"type\":\"" + std::string(type) + "\"" +
         (rest.empty() ? "" : ",") + std::string(rest) + "}\n\n";
}
const std::string kStart = event(
    "message_start",
    R"("message":{"id":"msg_1","model":"claude-x-20250929","role":"assistant","content":[],"usage":{"input_tokens":10,"cache_creation_input_tokens":20,"cache_read_input_tokens":30,"output_tokens":1}})");
std::string begin(int index, std::string_view block) {
  return event("content_block_start",
               "\"index\":" + std::to_string(index) + ",\"content_block\":" + std::string(block));
}
std::string delta(int index, std::string_view fields) {
  return event("content_block_delta",
               "\"index\":" + std::to_string(index) + ",\"delta\":{" + std::string(fields) + "}");
}
std::string words(int index, std::string_view text) {
  return delta(index, "\"type\":\"text_delta\",\"text\":\"" + std::string(text) + "\"");
}
std::string stop(int index) {
  return event("content_block_stop", "\"index\":" + std::to_string(index));
}
std::string end(std::string_view reason) {
  const auto quoted = reason == "null" ? std::string("null") : "\"" + std::string(reason) + "\"";
  return event("message_delta",
               "\"delta\":{\"stop_reason\":" + quoted +
                   R"(,"stop_sequence":null},"usage":{"input_tokens":null,"output_tokens":42})") +
         event("message_stop", "");
}
const std::string kText = R"({"type":"text","text":""})";
const std::string kOverloaded = event(
    "error", R"("error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_9")");

TEST(MessagesStream, TextAndUsage) {
  const auto out = read_every_way(kStart + begin(0, kText) + words(0, "Hel") + words(0, "lo") +
                                  stop(0) + end("end_turn"));
  ASSERT_TRUE(out.result);
  EXPECT_EQ(text_in(*out.result), "Hello");
  EXPECT_EQ(out.sink.text, "Hello");
  EXPECT_EQ(out.result->model, "claude-x-20250929");
  EXPECT_EQ(out.result->usage, (Usage{10, 42, 30, 20})) << "A09: null input tokens change nothing";
  EXPECT_EQ(out.result->stop, StopReason::stop);
}

TEST(MessagesStream, A01A02A19ErrorsAfterTwoHundred) {
  const auto out = read_every_way(kOverloaded);
  ASSERT_FALSE(out.result);
  EXPECT_EQ(out.result.error().code, Errc::unavailable);
  EXPECT_NE(out.result.error().detail.find("req_9"), std::string::npos);
  EXPECT_EQ(code_of(kStart + begin(0, kText) + words(0, "a") + words(0, "b") + words(0, "c") +
                    kOverloaded),
            Errc::unavailable);
  EXPECT_EQ(
      code_of(event("error",
                    R"("error":{"type":"invalid_request_error","message":"prompt is too long"})")),
      Errc::too_large);
  EXPECT_EQ(code_of("event: error\ndata: {\"oops\":1}\n\n"), Errc::unavailable);
}

TEST(MessagesStream, A04Pings) {
  const auto ping = event("ping", "");
  EXPECT_EQ(read_every_way(ping + kStart + ping + begin(0, kText) + ping + words(0, "a") + ping +
                           words(0, "b") + stop(0) + ping + end("end_turn"))
                .sink.text,
            "ab");
}

TEST(MessagesStream, A05ToolInput) {
  const auto arguments = [](std::initializer_list<std::string_view> pieces) {
    auto bytes =
        kStart + begin(0, R"({"type":"tool_use","id":"toolu_1","name":"look","input":{}})");
    for (const auto piece : pieces)
      bytes +=
          delta(0, "\"type\":\"input_json_delta\",\"partial_json\":\"" + std::string(piece) + "\"");
    const auto out = read_every_way(bytes + stop(0) + end("tool_use"));
    EXPECT_TRUE(out.result);
    const auto calls = out.result ? calls_in(*out.result) : std::vector<ToolCall>{};
    EXPECT_EQ(calls.size(), 1U);
    return calls.size() == 1 ? calls[0] : ToolCall{};
  };
  EXPECT_EQ(arguments({""}).arguments, "{}");
  EXPECT_EQ(arguments({}).arguments, "{}");
  EXPECT_EQ(arguments({"", "{\\\"ci", "ty\\\":\\\"Caf\\\\u00", "e9\\\"}"}).arguments,
            R"({"city":"Caf\u00e9"})");
  EXPECT_EQ(arguments({"{\\\"a\\\":\\\"\\ud83d", "\\ude00\\\"}"}).arguments, "{\"a\":\"😀\"}");
  EXPECT_TRUE(arguments({"{\\\"a\\\":"}).malformed);
  EXPECT_EQ(arguments({"{}"}).id.value, "toolu_1");
}

TEST(MessagesStream, WholeInputInTheStartAndParallelCalls) {
  const auto out = read_every_way(
      kStart + begin(0, R"({"type":"tool_use","id":"a","name":"look","input":{"x":1}})") + stop(0) +
      begin(1, R"({"type":"tool_use","id":"b","name":"go","input":{}})") +
      delta(1, R"("type":"input_json_delta","partial_json":"{\"y\":2}")") + stop(1) +
      end("tool_use"));
  ASSERT_TRUE(out.result);
  EXPECT_EQ(out.result->stop, StopReason::tool_use);
  const auto calls = calls_in(*out.result);
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0].arguments, R"({"x":1})");
  EXPECT_EQ(calls[1].arguments, R"({"y":2})");
}

TEST(MessagesStream, A06Thinking) {
  const auto out =
      read_every_way(kStart + begin(0, R"({"type":"thinking","thinking":"","signature":""})") +
                     delta(0, R"("type":"thinking_delta","thinking":"why ")") +
                     delta(0, R"("type":"thinking_delta","thinking":"not")") +
                     delta(0, R"("type":"signature_delta","signature":"sig+/=")") + stop(0) +
                     begin(1, R"({"type":"redacted_thinking","data":"opaque"})") + stop(1) +
                     begin(2, R"({"type":"thinking","thinking":"","signature":""})") +
                     delta(2, R"("type":"signature_delta","signature":"omitted")") + stop(2) +
                     begin(3, R"({"type":"tool_use","id":"a","name":"look","input":{}})") +
                     stop(3) + end("tool_use"));
  ASSERT_TRUE(out.result);
  const auto& blocks = out.result->blocks;
  ASSERT_EQ(blocks.size(), 4U);
  EXPECT_EQ(std::get<ThinkingBlock>(blocks[0]), (ThinkingBlock{"why not", "sig+/=", false}));
  EXPECT_EQ(std::get<ThinkingBlock>(blocks[1]), (ThinkingBlock{"opaque", "", true}));
  EXPECT_EQ(std::get<ThinkingBlock>(blocks[2]), (ThinkingBlock{"", "omitted", false}));
  EXPECT_EQ(out.sink.thinking, "why not");
}

TEST(MessagesStream, A07A10OddBlocks) {
  EXPECT_EQ(
      read_every_way(kStart + begin(4, kText) + words(4, "a") + words(9, "b") +
                     delta(7, R"("type":"input_json_delta","partial_json":"{}")") + end("end_turn"))
          .sink.text,
      "ab");
  const auto out = read_every_way(
      kStart + begin(0, R"({"type":"fallback","from":"x"})") +
      delta(0, R"("type":"text_delta","text":"hidden")") + stop(0) +
      begin(1, R"({"type":"server_tool_use","id":"s","name":"web_search","input":{}})") +
      delta(1, R"("type":"input_json_delta","partial_json":"{\"q\":1}")") + stop(1) +
      begin(2, kText) + words(2, "shown") + delta(2, R"("type":"citations_delta","citation":{})") +
      stop(2) + end("end_turn"));
  ASSERT_TRUE(out.result);
  EXPECT_EQ(out.sink.text, "shown");
  EXPECT_TRUE(calls_in(*out.result).empty());
}

TEST(MessagesStream, A08A11StopReasons) {
  const auto reason = [](std::string_view name) {
    const auto out =
        read_every_way(kStart + begin(0, kText) + words(0, "part") + stop(0) + end(name));
    EXPECT_TRUE(out.result);
    return out.result ? out.result->stop : StopReason::error;
  };
  EXPECT_EQ(reason("null"), StopReason::stop);
  EXPECT_EQ(reason("something_new"), StopReason::stop);
  EXPECT_EQ(reason("stop_sequence"), StopReason::stop);
  EXPECT_EQ(reason("max_tokens"), StopReason::length);
  EXPECT_EQ(reason("model_context_window_exceeded"), StopReason::length);
  EXPECT_EQ(reason("refusal"), StopReason::refusal);
  const auto refused = read(kStart + begin(0, kText) + words(0, "part") + stop(0) + end("refusal"));
  EXPECT_TRUE(refused.result->blocks.empty()) << "what was said before a refusal is dropped";
  const auto paused =
      read(kStart + begin(0, kText) + words(0, "part") + stop(0) + end("pause_turn"));
  EXPECT_TRUE(paused.result->paused);
  EXPECT_FALSE(refused.result->paused);
  const auto empty = read_every_way(kStart + end("end_turn"));
  ASSERT_TRUE(empty.result);
  EXPECT_TRUE(empty.result->blocks.empty());
  EXPECT_EQ(code_of(kStart + end("model_context_window_exceeded")), Errc::too_large);
}

TEST(MessagesStream, Ends) {
  EXPECT_EQ(code_of(kStart + begin(0, kText) + words(0, "a")), Errc::unavailable);
  EXPECT_TRUE(
      read_every_way(kStart + begin(0, kText) + words(0, "a") +
                     event("message_delta", R"("delta":{"stop_reason":"end_turn"},"usage":{})"))
          .result)
      << "no message_stop";
  EXPECT_TRUE(read_every_way(kStart + end("end_turn") + "garbage\n\ndata: {broken\n\n").result);
  EXPECT_EQ(code_of("<!doctype html>"), Errc::unavailable);
  EXPECT_EQ(code_of(R"({"type":"error","error":{"type":"rate_limit_error","message":"slow"}})"),
            Errc::rate_limited);
  EXPECT_EQ(code_of(R"({"hello":1})"), Errc::unavailable);
  const auto whole = read_every_way(
      R"({"type":"message","model":"m","content":[{"type":"text","text":"all"},{"type":"tool_use","id":"a","name":"go","input":{}}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":2}})");
  ASSERT_TRUE(whole.result);
  EXPECT_EQ(text_in(*whole.result), "all");
  EXPECT_EQ(whole.result->stop, StopReason::tool_use);
}

TEST(MessagesStream, CutAtEveryByteIsDefined) {
  const std::string stream =
      kStart + begin(0, R"({"type":"thinking","thinking":"","signature":""})") +
      delta(0, R"("type":"thinking_delta","thinking":"w\ud83d")") +
      delta(0, R"("type":"thinking_delta","thinking":"\ude00")") +
      delta(0, R"("type":"signature_delta","signature":"s")") + stop(0) + begin(1, kText) +
      words(1, "é\\ud83d") + words(1, "\\udc68") + stop(1) + event("ping", "") +
      begin(2, R"({"type":"tool_use","id":"a","name":"look","input":{}})") +
      delta(2, R"("type":"input_json_delta","partial_json":"{\"k\":\"\\u00")") +
      delta(2, R"("type":"input_json_delta","partial_json":"e9\"}")") + stop(2) + end("tool_use");
  const auto reason_at = stream.find("\"stop_reason\"");
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    const auto out = read(std::string_view(stream).substr(0, cut));
    EXPECT_TRUE(out.sink.valid);
    if (out.result) {
      EXPECT_TRUE(test::all_utf8(*out.result));
      EXPECT_GT(cut, reason_at);
    } else {
      EXPECT_EQ(out.result.error().code, Errc::unavailable) << cut;
    }
  }
}

// ---- requests ----

json::object body(const provider::Request& request, const provider::Settings& settings = {},
                  const MessagesOptions& options = {}) {
  return parse_json(messages_body(request, settings, options))->get_object();
}

provider::Request conversation() {
  provider::Request request;
  request.model = "claude-old-4";
  request.system = "Be brief.";
  request.max_output_tokens = 4000;
  request.tools = kTools;
  Message question{Role::user,  {TextBlock{"see"}, ImageBlock{"image/png", "AAAA"}}, 0, {}, {}, {},
                   std::nullopt};
  Message answer{Role::assistant,
                 {ThinkingBlock{"hm", "sig", false}, ThinkingBlock{"opaque", "", true},
                  TextBlock{"looking"}, ToolCall{ToolCallId("c1"), "look", R"({"x":1})", false},
                  ToolCall{ToolCallId("c2"), "look", "{bad", true}},
                 0,
                 {},
                 {},
                 {},
                 Origin{}};
  Message one{
      Role::tool,  {ToolResult{ToolCallId("c1"), "look", "seen", {{"image/png", "AAAA"}}, false}},
      0,           {},
      {},          {},
      std::nullopt};
  Message two{
      Role::tool,  {ToolResult{ToolCallId("c2"), "look", "bad arguments", {}, true}}, 0, {}, {}, {},
      std::nullopt};
  Message steer{Role::user, {TextBlock{"hurry"}}, 0, {}, {}, {}, std::nullopt};
  request.messages = {question, answer, one, two, steer};
  return request;
}

TEST(MessagesRequest, Conversation) {
  const auto out = body(conversation());
  EXPECT_EQ(
      dump_json(out.at("messages")),
      R"([{"role":"user","content":[{"type":"text","text":"see"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]},)"
      R"({"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"sig"},{"type":"redacted_thinking","data":"opaque"},{"type":"text","text":"looking"},)"
      R"({"type":"tool_use","id":"c1","name":"look","input":{"x":1}},{"type":"tool_use","id":"c2","name":"look","input":{"unreadable_arguments":"{bad"}}]},)"
      R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":[{"type":"text","text":"seen"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]},)"
      R"({"type":"tool_result","tool_use_id":"c2","content":"bad arguments","is_error":true},{"type":"text","text":"hurry"}]}])");
  EXPECT_EQ(find_int(out, "max_tokens"), 4000);
  for (const auto* absent : {"thinking", "temperature", "top_p", "top_k", "output_config"})
    EXPECT_FALSE(out.contains(absent));
  EXPECT_EQ(dump_json(out).find("cache_control"), std::string::npos);
}

TEST(MessagesRequest, CacheMarksStandOnTheStableParts) {
  const auto out = body(conversation(), {}, {.cache = true});
  EXPECT_TRUE(out.at("system").get_array().back().get_object().contains("cache_control"));
  EXPECT_TRUE(out.at("tools").get_array().back().get_object().contains("cache_control"));
  EXPECT_TRUE(out.at("messages")
                  .get_array()
                  .back()
                  .get_object()
                  .at("content")
                  .get_array()
                  .back()
                  .get_object()
                  .contains("cache_control"));
  const auto text = dump_json(out);
  std::size_t marks = 0;
  for (auto at = text.find("cache_control"); at != std::string::npos;
       at = text.find("cache_control", at + 1))
    ++marks;
  EXPECT_EQ(marks, 3U) << "at most four are allowed";
}

TEST(MessagesRequest, ThinkingPerModel) {
  provider::Settings settings;
  provider::ModelInfo model;
  model.id = "claude-old-4";
  model.max_output = 64'000;
  model.style = provider::ThinkingStyle::budget;
  settings.models = {model};
  auto request = conversation();
  request.thinking = provider::Thinking::medium;
  auto out = body(request, settings);
  EXPECT_EQ(find_int(*find_object(out, "thinking"), "budget_tokens"), 6096)
      << "never more than half";
  EXPECT_EQ(find_int(out, "max_tokens"), 12'192);
  request.model = "claude-old-4-20250929";
  EXPECT_TRUE(find_object(body(request, settings), "thinking")->contains("budget_tokens"));
  settings.models[0].style = provider::ThinkingStyle::adaptive;
  request.thinking = provider::Thinking::xhigh;
  out = body(request, settings);
  EXPECT_EQ(find_string(*find_object(out, "thinking"), "type"), "adaptive");
  EXPECT_EQ(find_string(*find_object(out, "output_config"), "effort"), "high");
  settings.models[0].style = provider::ThinkingStyle::adaptive_xhigh;
  EXPECT_EQ(find_string(*find_object(body(request, settings), "output_config"), "effort"), "xhigh");
  request.thinking = provider::Thinking::off;
  EXPECT_FALSE(body(request, settings).contains("thinking"))
      << "'disabled' is refused by models that always think";
  request.thinking = provider::Thinking::high;
  out = body(request, settings, {.no_thinking = true});
  EXPECT_FALSE(out.contains("thinking"));
  EXPECT_EQ(dump_json(out).find("signature"), std::string::npos);
}

TEST(MessagesRequest, ABudgetIsNotAskedForWhenTheOpenLoopHasNoThinking) {
  auto request = conversation();
  request.thinking = provider::Thinking::low;
  request.model = "other";
  request.messages.pop_back();
  EXPECT_TRUE(body(request).contains("thinking"));
  auto& blocks = request.messages[1].blocks;
  std::erase_if(blocks,
                [](const Block& block) { return std::holds_alternative<ThinkingBlock>(block); });
  EXPECT_FALSE(body(request).contains("thinking"));
}

}  // namespace
}  // namespace carapace::providers

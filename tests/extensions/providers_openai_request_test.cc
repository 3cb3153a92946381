// What the chat completions wire sends.
#include <gtest/gtest.h>

#include "base/json.h"
#include "extensions/providers/openai_request.h"

namespace carapace::providers {
namespace {

json::object body(const provider::Request& request, provider::Settings settings = {},
                  ChatRefusals refused = {}) {
  return parse_json(chat_body(request, settings, refused))->get_object();
}

provider::Request conversation() {
  provider::Request request;
  request.model = "m";
  request.system = "Be brief.";
  request.max_output_tokens = 100;
  request.tools = {{"look", "Looks.", R"({"type":"object","properties":{}})"}};
  Message question{Role::user,  {TextBlock{"see"}, ImageBlock{"image/png", "AAAA"}}, 0, {}, {}, {},
                   std::nullopt};
  Message answer{
      Role::assistant,
      {ThinkingBlock{"hm", "", false}, ToolCall{ToolCallId("c1"), "look", R"({"x":1})", false},
       ToolCall{ToolCallId("c2"), "look", "{bad", true}},
      0,
      {},
      {},
      {},
      Origin{}};
  Message one{Role::tool,  {ToolResult{ToolCallId("c1"), "look", "seen", {}, false}}, 0, {}, {}, {},
              std::nullopt};
  Message two{
      Role::tool,  {ToolResult{ToolCallId("c2"), "look", "bad arguments", {}, true}}, 0, {}, {}, {},
      std::nullopt};
  request.messages = {question, answer, one, two};
  return request;
}

TEST(ChatRequest, Conversation) {
  const auto out = body(conversation());
  EXPECT_EQ(
      dump_json(out.at("messages")),
      R"([{"role":"system","content":"Be brief."},{"role":"user","content":[{"type":"text","text":"see"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]},)"
      R"({"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"look","arguments":"{\"x\":1}"}},)"
      R"({"id":"c2","type":"function","function":{"name":"look","arguments":"{\"unreadable_arguments\":\"{bad\"}"}}]},)"
      R"({"role":"tool","tool_call_id":"c1","content":"seen"},{"role":"tool","tool_call_id":"c2","content":"bad arguments"}])");
  EXPECT_EQ(find_int(out, "max_completion_tokens"), 100);
  EXPECT_EQ(find_bool(*find_object(out, "stream_options"), "include_usage"), true);
  EXPECT_EQ(
      dump_json(out.at("tools")),
      R"([{"type":"function","function":{"name":"look","description":"Looks.","parameters":{"type":"object","properties":{}}}}])");
  EXPECT_FALSE(out.contains("reasoning_effort"));
  EXPECT_FALSE(out.contains("store"));
}

TEST(ChatRequest, QuirksAndRefusals) {
  auto request = conversation();
  request.thinking = provider::Thinking::xhigh;
  provider::Settings settings;
  provider::ModelInfo model;
  model.id = "m";
  model.reasoning = true;
  settings.models = {model};
  settings.quirks = {.max_tokens_field = "max_tokens",
                     .stream_usage = false,
                     .developer_role = true,
                     .reasoning_field = "reasoning_effort",
                     .replay_reasoning = true};
  auto out = body(request, settings);
  EXPECT_TRUE(out.contains("max_tokens"));
  EXPECT_FALSE(out.contains("stream_options"));
  EXPECT_EQ(find_string(out, "reasoning_effort"), "high");
  EXPECT_EQ(find_string(find_array(out, "messages")->front().get_object(), "role"), "developer");
  EXPECT_EQ(find_string(find_array(out, "messages")->at(2).get_object(), "reasoning_content"),
            "hm");
  settings.models[0].style = provider::ThinkingStyle::adaptive_xhigh;
  EXPECT_EQ(find_string(body(request, settings), "reasoning_effort"), "xhigh");
  settings.quirks.reasoning_field = "thinking.type";
  EXPECT_EQ(find_string(*find_object(body(request, settings), "thinking"), "type"), "enabled");
  settings.quirks.reasoning_field = "reasoning.effort";
  EXPECT_EQ(find_string(*find_object(body(request, settings), "reasoning"), "effort"), "xhigh");

  ChatRefusals refused;
  EXPECT_FALSE(learn_refusal({Errc::unavailable, "stream_options", -1}, refused));
  EXPECT_FALSE(learn_refusal(
      {Errc::invalid_request, "max_tokens: 100000 is too large for this model", -1}, refused));
  EXPECT_TRUE(learn_refusal({Errc::invalid_request, "Unknown field stream_options", -1}, refused));
  EXPECT_FALSE(learn_refusal({Errc::invalid_request, "Unknown field stream_options", -1}, refused))
      << "already left out";
  EXPECT_TRUE(learn_refusal({Errc::invalid_request,
                             "Unsupported parameter: 'max_tokens' is not supported with this "
                             "model. Use 'max_completion_tokens'",
                             -1},
                            refused));
  EXPECT_TRUE(
      learn_refusal({Errc::invalid_request, "reasoning_effort is not supported", -1}, refused));
  out = body(request, settings, refused);
  EXPECT_TRUE(out.contains("max_completion_tokens"));
  EXPECT_FALSE(out.contains("max_tokens"));
  EXPECT_FALSE(out.contains("reasoning"));
}

}  // namespace
}  // namespace carapace::providers

#include "extensions/providers/openai_request.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/text.h"
#include "extensions/providers/model_info.h"
#include "provider/peer_error.h"
#include "provider/tool_arguments.h"

namespace carapace::providers {
namespace {

using provider::Request;
using provider::Settings;
using provider::Thinking;

json::object image_part(const ImageBlock& image) {
  return {{"type", "image_url"},
          {"image_url", json::object{{"url", "data:" + image.mime + ";base64," + image.base64}}}};
}

json::value user_content(const Message& message) {
  const bool plain = std::ranges::all_of(
      message.blocks, [](const Block& block) { return std::holds_alternative<TextBlock>(block); });
  if (plain) return json::string(text_of(message));
  json::array parts;
  for (const auto& block : message.blocks) {
    if (const auto* text = std::get_if<TextBlock>(&block))
      parts.push_back(json::object{{"type", "text"}, {"text", text->text}});
    if (const auto* image = std::get_if<ImageBlock>(&block)) parts.push_back(image_part(*image));
  }
  return parts;
}

void add_thinking(const Message& message, const provider::Quirks& quirks, json::object& out) {
  std::string words;
  for (const auto& block : message.blocks) {
    const auto* thinking = std::get_if<ThinkingBlock>(&block);
    if (!thinking) continue;
    words += thinking->text;
    // The signature holds the vendor's own list, which goes back unchanged.
    if (thinking->signature.empty()) continue;
    if (auto details = parse_json(thinking->signature); details && details->is_array())
      out["reasoning_details"] = std::move(*details);
  }
  if (quirks.replay_reasoning) out["reasoning_content"] = words;
}

json::object assistant_message(const Message& message, const provider::Quirks& quirks) {
  json::object out{{"role", "assistant"}};
  json::array calls;
  for (const auto* call : tool_calls_of(message)) {
    calls.push_back(json::object{
        {"id", call->id.value},
        {"type", "function"},
        {"function",
         json::object{{"name", call->name}, {"arguments", provider::replay_arguments(*call)}}}});
  }
  const auto text = text_of(message);
  out["content"] =
      text.empty() && !calls.empty() ? json::value(nullptr) : json::value(json::string(text));
  add_thinking(message, quirks, out);
  if (!calls.empty()) out["tool_calls"] = std::move(calls);
  return out;
}

void add_message(const Message& message, const provider::Quirks& quirks, json::array& out) {
  switch (message.role) {
    case Role::user:
      out.push_back(json::object{{"role", "user"}, {"content", user_content(message)}});
      break;
    case Role::assistant: out.push_back(assistant_message(message, quirks)); break;
    case Role::tool:
      for (const auto& block : message.blocks) {
        if (const auto* result = std::get_if<ToolResult>(&block))
          out.push_back(json::object{
              {"role", "tool"}, {"tool_call_id", result->call.value}, {"content", result->text}});
      }
      break;
  }
}

json::array tool_rows(const Request& request) {
  json::array out;
  for (const auto& tool : request.tools) {
    auto schema = parse_json(tool.schema);
    json::object parameters =
        schema && schema->is_object() ? std::move(schema->get_object()) : json::object{};
    parameters.insert(json::object::value_type("type", "object"));
    out.push_back(json::object{{"type", "function"},
                               {"function", json::object{{"name", tool.name},
                                                         {"description", tool.description},
                                                         {"parameters", std::move(parameters)}}}});
  }
  return out;
}

std::string_view effort(Thinking level, const provider::ModelInfo* model) {
  switch (level) {
    case Thinking::off: return "";
    case Thinking::minimal:  // refused by newer models, where low is the least
    case Thinking::low: return "low";
    case Thinking::medium: return "medium";
    case Thinking::high: return "high";
    case Thinking::xhigh:
      return model && model->style == provider::ThinkingStyle::adaptive_xhigh ? "xhigh" : "high";
  }
  return "";
}

void add_reasoning(const Request& request, const Settings& settings, json::object& body) {
  const auto* model = model_info(settings, request.model);
  const auto field = settings.quirks.reasoning_field;
  if (field.empty() || !model || !model->reasoning) return;
  const auto word = effort(request.thinking, model);
  if (field == "thinking.type") {
    body["thinking"] = json::object{{"type", word.empty() ? "disabled" : "enabled"}};
  } else if (field == "reasoning.enabled") {
    body["reasoning"] = json::object{{"enabled", !word.empty()}};
  } else if (word.empty()) {
    return;  // the model's own default
  } else if (field == "reasoning.effort") {
    body["reasoning"] = json::object{{"effort", word}};
  } else {
    body[field] = word;
  }
}

std::string_view max_tokens_field(const Settings& settings, const ChatRefusals& refused) {
  constexpr std::string_view kNew = "max_completion_tokens";
  if (!refused.max_tokens_field) return settings.quirks.max_tokens_field;
  return settings.quirks.max_tokens_field == kNew ? "max_tokens" : kNew;
}

}  // namespace

std::string chat_body(const Request& request, const Settings& settings,
                      const ChatRefusals& refused) {
  const auto* model = model_info(settings, request.model);
  json::array messages;
  if (!request.system.empty()) {
    const bool developer = settings.quirks.developer_role && model && model->reasoning;
    messages.push_back(
        json::object{{"role", developer ? "developer" : "system"}, {"content", request.system}});
  }
  for (const auto& message : request.messages) add_message(message, settings.quirks, messages);
  json::object body{{"model", request.model}, {"messages", std::move(messages)}, {"stream", true}};
  if (settings.quirks.stream_usage && !refused.stream_usage)
    body["stream_options"] = json::object{{"include_usage", true}};
  body[max_tokens_field(settings, refused)] = request.max_output_tokens;
  if (!request.tools.empty() && !refused.tools) body["tools"] = tool_rows(request);
  if (!refused.reasoning) add_reasoning(request, settings, body);
  return dump_json(body);
}

bool learn_refusal(const Error& error, ChatRefusals& refused) {
  const auto before = refused;
  // Servers say so with 400, 404 and 500.
  if (provider::says_no_tools(error.detail)) refused.tools = true;
  if (error.code != Errc::invalid_request) return !(refused == before);
  const auto names = [&error](std::string_view word) { return icontains(error.detail, word); };
  if (names("stream_options")) refused.stream_usage = true;
  if (names("reasoning_effort") || names("reasoning.effort") || names("reasoning.enabled") ||
      names("thinking.type"))
    refused.reasoning = true;
  if (names("max_tokens") || names("max_completion_tokens")) {
    // Not when a number is refused: the other spelling would have the same number.
    if (names("unsupported") || names("not supported") || names("unknown") ||
        names("unrecognized") || names("extra") || names("unexpected") || names("not permitted"))
      refused.max_tokens_field = true;
  }
  return !(refused == before);
}

}  // namespace carapace::providers

#include "extensions/providers/anthropic_request.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "extensions/providers/model_info.h"
#include "provider/thinking.h"
#include "provider/tool_arguments.h"

namespace carapace::providers {
namespace {

using provider::Request;
using provider::Settings;
using provider::Thinking;
using provider::ThinkingStyle;

constexpr std::int64_t kLeastBudget = 1024;

json::object text_part(std::string_view text) { return {{"type", "text"}, {"text", text}}; }

json::object image_part(const ImageBlock& image) {
  return {{"type", "image"},
          {"source",
           json::object{{"type", "base64"}, {"media_type", image.mime}, {"data", image.base64}}}};
}

json::object result_part(const ToolResult& result) {
  json::object out{{"type", "tool_result"}, {"tool_use_id", result.call.value}};
  if (result.images.empty()) {
    out["content"] = result.text;
  } else {
    json::array parts;
    if (!result.text.empty()) parts.push_back(text_part(result.text));
    for (const auto& image : result.images) parts.push_back(image_part(image));
    out["content"] = std::move(parts);
  }
  if (result.is_error) out["is_error"] = true;
  return out;
}

json::object call_part(const ToolCall& call) {
  auto input = parse_json(provider::replay_arguments(call));
  return {{"type", "tool_use"},
          {"id", call.id.value},
          {"name", call.name},
          {"input", input ? std::move(*input) : json::object{}}};
}

struct PartWriter {
  json::array& out;
  bool thinking;

  void operator()(const TextBlock& block) const { out.push_back(text_part(block.text)); }
  void operator()(const ImageBlock& block) const { out.push_back(image_part(block)); }
  void operator()(const ToolCall& block) const { out.push_back(call_part(block)); }
  void operator()(const ToolResult& block) const { out.push_back(result_part(block)); }
  void operator()(const ThinkingBlock& block) const {
    if (!thinking) return;
    if (block.redacted) {
      out.push_back(json::object{{"type", "redacted_thinking"}, {"data", block.text}});
    } else {
      out.push_back(json::object{
          {"type", "thinking"}, {"thinking", block.text}, {"signature", block.signature}});
    }
  }
};

void add_parts(const std::vector<Block>& blocks, std::string_view role, bool thinking,
               json::array& messages) {
  json::array parts;
  for (const auto& block : blocks) std::visit(PartWriter{parts, thinking}, block);
  if (parts.empty()) return;
  // Neighbours of one role are one message: results of tools are the user's on this wire.
  if (!messages.empty()) {
    auto& last = messages.back().get_object();
    if (find_string(last, "role") == role) {
      for (auto& part : parts) last["content"].get_array().push_back(std::move(part));
      return;
    }
  }
  messages.push_back(json::object{{"role", role}, {"content", std::move(parts)}});
}

// The API wants a turn that thinks to begin with its thinking while its tool calls are being
// answered. When that is lost (another model made the calls), thinking must stay off until the loop
// is closed.
bool open_loop_lost_thinking(const Request& request) {
  for (auto message = request.messages.rbegin(); message != request.messages.rend(); ++message) {
    if (message->role == Role::tool) continue;
    if (message->role != Role::assistant || tool_calls_of(*message).empty()) return false;
    return !std::holds_alternative<ThinkingBlock>(message->blocks.front());
  }
  return false;
}

std::string_view effort_of(Thinking level, ThinkingStyle style) {
  switch (level) {
    case Thinking::off: return "";
    case Thinking::minimal:
    case Thinking::low: return "low";
    case Thinking::medium: return "medium";
    case Thinking::high: return "high";
    case Thinking::xhigh: return style == ThinkingStyle::adaptive_xhigh ? "xhigh" : "high";
  }
  return "";
}

ThinkingStyle style_of(const Request& request, const Settings& settings) {
  const auto* model = model_info(settings, request.model);
  if (model && model->style != ThinkingStyle::unknown) return model->style;
  // A dated name is the same model; a newer one of the family takes effort words, strangers take a
  // budget.
  for (const auto& row : settings.models)
    if (row.style != ThinkingStyle::unknown && request.model.starts_with(row.id + "-"))
      return row.style;
  return request.model.starts_with("claude-") ? ThinkingStyle::adaptive : ThinkingStyle::budget;
}

// `thinking: disabled` is never sent: models that always think refuse it, the others do not need
// it.
void add_thinking(const Request& request, const Settings& settings, json::object& body) {
  if (request.thinking == Thinking::off) return;
  const auto style = style_of(request, settings);
  if (style != ThinkingStyle::budget) {
    body["thinking"] = json::object{{"type", "adaptive"}, {"display", "summarized"}};
    body["output_config"] = json::object{{"effort", effort_of(request.thinking, style)}};
    return;
  }
  if (open_loop_lost_thinking(request)) return;
  const auto max_tokens = provider::longest_output(request, model_info(settings, request.model));
  const auto budget = std::min(provider::thinking_budget(request.thinking), max_tokens / 2);
  if (budget < kLeastBudget) return;
  body["max_tokens"] = max_tokens;
  body["thinking"] = json::object{{"type", "enabled"}, {"budget_tokens", budget}};
}

void mark_cached(json::object& part) {
  part["cache_control"] = json::object{{"type", "ephemeral"}};
}

json::array tool_rows(const Request& request, bool cache) {
  json::array out;
  for (const auto& tool : request.tools) {
    auto schema = parse_json(tool.schema);
    json::object input =
        schema && schema->is_object() ? std::move(schema->get_object()) : json::object{};
    input.insert(json::object::value_type("type", "object"));
    out.push_back(json::object{{"name", tool.name},
                               {"description", tool.description},
                               {"input_schema", std::move(input)}});
  }
  if (cache && !out.empty()) mark_cached(out.back().get_object());
  return out;
}

void cache_last_user(json::array& messages) {
  for (auto message = messages.rbegin(); message != messages.rend(); ++message) {
    auto& object = message->get_object();
    if (find_string(object, "role") != "user") continue;
    mark_cached(object["content"].get_array().back().get_object());
    return;
  }
}

}  // namespace

std::string messages_body(const Request& request, const Settings& settings,
                          const MessagesOptions& options) {
  json::array messages;
  for (const auto& message : request.messages)
    add_parts(message.blocks, message.role == Role::assistant ? "assistant" : "user",
              !options.no_thinking, messages);
  if (options.cache) cache_last_user(messages);
  json::object body{
      {"model", request.model}, {"max_tokens", request.max_output_tokens}, {"stream", true}};
  if (!request.system.empty()) {
    auto system = text_part(request.system);
    if (options.cache) mark_cached(system);
    body["system"] = json::array{std::move(system)};
  }
  if (!request.tools.empty()) body["tools"] = tool_rows(request, options.cache);
  if (!options.no_thinking) add_thinking(request, settings, body);
  body["messages"] = std::move(messages);
  return dump_json(body);
}

}  // namespace carapace::providers

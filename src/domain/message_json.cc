#include "domain/message_json.h"

#include <utility>

#include "base/json.h"

namespace carapace {
namespace {

json::object image_json(const ImageBlock& image) {
  return {{"type", "image"}, {"data", image.base64}, {"mimeType", image.mime}};
}

// A call's arguments are shown as an object; text that never was one stays visible as text.
json::value arguments_json(const ToolCall& call) {
  if (!call.malformed) {
    if (auto parsed = parse_json(call.arguments); parsed && parsed->is_object())
      return std::move(*parsed);
  }
  return json::string(call.arguments);
}

struct BlockWriter {
  json::array& out;

  void operator()(const TextBlock& block) const {
    out.push_back(json::object{{"type", "text"}, {"text", block.text}});
  }
  void operator()(const ThinkingBlock& block) const {
    json::object object{{"type", "thinking"}, {"thinking", block.text}};
    if (!block.signature.empty()) object["thinkingSignature"] = block.signature;
    if (block.redacted) object["redacted"] = true;
    out.push_back(std::move(object));
  }
  void operator()(const ImageBlock& block) const { out.push_back(image_json(block)); }
  void operator()(const ToolCall& block) const {
    json::object object{{"type", "toolCall"},
                        {"id", block.id.value},
                        {"name", block.name},
                        {"arguments", arguments_json(block)}};
    if (block.malformed) object["malformed"] = true;
    out.push_back(std::move(object));
  }
  void operator()(const ToolResult& block) const {
    out.push_back(json::object{{"type", "text"}, {"text", block.text}});
    for (const auto& image : block.images) out.push_back(image_json(image));
  }
};

json::object usage_json(const Origin& origin) {
  const auto& usage = origin.usage;
  return {{"input", usage.input},
          {"output", usage.output},
          {"cacheRead", usage.cache_read},
          {"cacheWrite", usage.cache_write},
          {"totalTokens", usage.total()},
          {"cost", json::object{{"total", static_cast<double>(origin.cost_micros) / 1e6}}}};
}

StopReason stop_from(std::string_view text) {
  for (int i = 0; i <= static_cast<int>(StopReason::injected); ++i)
    if (to_text(static_cast<StopReason>(i)) == text) return static_cast<StopReason>(i);
  return StopReason::stop;
}

Result<Block> read_block(const json::object& object) {
  const auto type = string_or(object, "type", "");
  if (type == "text") return TextBlock{string_or(object, "text", "")};
  if (type == "thinking")
    return ThinkingBlock{string_or(object, "thinking", ""),
                         string_or(object, "thinkingSignature", ""),
                         find_bool(object, "redacted").value_or(false)};
  if (type == "image")
    return ImageBlock{string_or(object, "mimeType", ""), string_or(object, "data", "")};
  if (type == "toolCall") {
    ToolCall call{ToolCallId(string_or(object, "id", "")), string_or(object, "name", ""), "{}",
                  find_bool(object, "malformed").value_or(false)};
    if (const auto* arguments = find(object, "arguments"))
      call.arguments = arguments->is_string()
                           ? std::string(std::string_view(arguments->get_string()))
                           : dump_json(*arguments);
    return call;
  }
  return fail(Errc::invalid_request, "unknown message block type '{}'", type);
}

Origin read_origin(const json::object& object) {
  Origin origin{string_or(object, "api", ""),
                string_or(object, "provider", ""),
                string_or(object, "model", ""),
                {},
                0,
                stop_from(string_or(object, "stopReason", "stop")),
                string_or(object, "errorMessage", "")};
  if (const auto* usage = find_object(object, "usage")) {
    origin.usage = {find_int(*usage, "input").value_or(0), find_int(*usage, "output").value_or(0),
                    find_int(*usage, "cacheRead").value_or(0),
                    find_int(*usage, "cacheWrite").value_or(0)};
    if (const auto* cost = find_object(*usage, "cost"))
      origin.cost_micros =
          static_cast<std::int64_t>(find_number(*cost, "total").value_or(0) * 1e6 + 0.5);
  }
  return origin;
}

}  // namespace

json::object message_to_json(const Message& message) {
  json::array content;
  for (const auto& block : message.blocks) std::visit(BlockWriter{content}, block);
  json::object out{{"role", to_text(message.role)}};
  if (message.role == Role::tool && !message.blocks.empty()) {
    if (const auto* result = std::get_if<ToolResult>(&message.blocks.front())) {
      out["toolCallId"] = result->call.value;
      out["toolName"] = result->tool;
      out["isError"] = result->is_error;
    }
  }
  out["content"] = std::move(content);
  if (message.origin) {
    const auto& origin = *message.origin;
    if (!origin.api.empty()) out["api"] = origin.api;
    if (!origin.provider.empty()) out["provider"] = origin.provider;
    if (!origin.model.empty()) out["model"] = origin.model;
    out["usage"] = usage_json(origin);
    out["stopReason"] = to_text(origin.stop);
    if (!origin.error.empty()) out["errorMessage"] = origin.error;
  }
  out["timestamp"] = message.at_ms;
  return out;
}

Result<Message> message_from_json(const json::object& object) {
  Message message;
  message.at_ms = find_int(object, "timestamp").value_or(0);
  const auto role = string_or(object, "role", "");
  if (role == "user") {
    message.role = Role::user;
  } else if (role == "assistant") {
    message.role = Role::assistant;
    message.origin = read_origin(object);
  } else if (role == "toolResult") {
    message.role = Role::tool;
  } else {
    return fail(Errc::invalid_request, "unknown message role '{}'", role);
  }
  std::vector<Block> blocks;
  if (const auto text = find_string(object, "content"))
    blocks.push_back(TextBlock{std::string(*text)});
  if (const auto* content = find_array(object, "content")) {
    for (const auto& item : *content) {
      if (!item.is_object())
        return fail(Errc::invalid_request, "message content holds something that is no object");
      TRY(auto block, read_block(item.get_object()));
      blocks.push_back(std::move(block));
    }
  }
  if (message.role != Role::tool) {
    message.blocks = std::move(blocks);
    return message;
  }
  ToolResult result{ToolCallId(string_or(object, "toolCallId", "")),
                    string_or(object, "toolName", ""),
                    "",
                    {},
                    find_bool(object, "isError").value_or(false)};
  for (auto& block : blocks) {
    if (auto* text = std::get_if<TextBlock>(&block)) result.text += text->text;
    if (auto* image = std::get_if<ImageBlock>(&block)) result.images.push_back(std::move(*image));
  }
  message.blocks.emplace_back(std::move(result));
  return message;
}

}  // namespace carapace

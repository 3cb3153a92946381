#include "extensions/providers/ollama_wire.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "extensions/providers/model_info.h"
#include "provider/peer_error.h"
#include "provider/surrogate_carry.h"
#include "provider/tool_arguments.h"

namespace carapace::providers {
namespace {

using Kind = provider::Answer::Kind;
using provider::Request;
using provider::Settings;

constexpr std::string_view kKeepAlive = "30m";
// The window costs memory in proportion; a model that nobody described gets no more than this.
constexpr std::int64_t kUndescribedWindow = 32'768;

json::array images_of(const std::vector<ImageBlock>& images) {
  json::array out;
  for (const auto& image : images) out.push_back(json::string(image.base64));
  return out;
}

json::object user_message(const Message& message) {
  std::vector<ImageBlock> images;
  for (const auto& block : message.blocks)
    if (const auto* image = std::get_if<ImageBlock>(&block)) images.push_back(*image);
  json::object out{{"role", "user"}, {"content", text_of(message)}};
  if (!images.empty()) out["images"] = images_of(images);
  return out;
}

json::object assistant_message(const Message& message) {
  json::object out{{"role", "assistant"}, {"content", text_of(message)}};
  json::array calls;
  for (const auto* call : tool_calls_of(message)) {
    auto arguments = parse_json(provider::replay_arguments(*call));
    calls.push_back(json::object{
        {"id", call->id.value},
        {"function",
         json::object{{"name", call->name},
                      {"arguments", arguments ? std::move(*arguments) : json::object{}}}}});
  }
  if (!calls.empty()) out["tool_calls"] = std::move(calls);
  for (const auto& block : message.blocks)
    if (const auto* thinking = std::get_if<ThinkingBlock>(&block);
        thinking && !thinking->text.empty())
      out["thinking"] = thinking->text;
  return out;
}

void add_message(const Message& message, json::array& out) {
  if (message.role == Role::user) {
    out.push_back(user_message(message));
  } else if (message.role == Role::assistant) {
    out.push_back(assistant_message(message));
  } else {
    for (const auto& block : message.blocks)
      if (const auto* result = std::get_if<ToolResult>(&block))
        out.push_back(json::object{{"role", "tool"},
                                   {"tool_name", result->tool},
                                   {"tool_call_id", result->call.value},
                                   {"content", result->text}});
  }
}

json::array tool_rows(const Request& request) {
  json::array out;
  for (const auto& tool : request.tools) {
    auto schema = parse_json(tool.schema);
    out.push_back(json::object{
        {"type", "function"},
        {"function", json::object{{"name", tool.name},
                                  {"description", tool.description},
                                  {"parameters", schema && schema->is_object()
                                                     ? std::move(*schema)
                                                     : json::object{{"type", "object"}}}}}});
  }
  return out;
}

}  // namespace

std::string ollama_body(const Request& request, const Settings& settings,
                        const OllamaRefusals& refused) {
  json::array messages;
  if (!request.system.empty())
    messages.push_back(json::object{{"role", "system"}, {"content", request.system}});
  for (const auto& message : request.messages) add_message(message, messages);
  const auto* model = model_info(settings, request.model);
  const auto window =
      model ? request.context_window : std::min(request.context_window, kUndescribedWindow);
  json::object body{
      {"model", request.model},
      {"messages", std::move(messages)},
      {"stream", true},
      {"keep_alive", kKeepAlive},
      // Without it the server cuts the prompt to a small default and says nothing.
      {"options", json::object{{"num_ctx", window}, {"num_predict", request.max_output_tokens}}}};
  if (!request.tools.empty() && !refused.tools) body["tools"] = tool_rows(request);
  // Models that think do so unless told not to; the others refuse the field.
  if (!refused.thinking &&
      (request.thinking != provider::Thinking::off || (model && model->reasoning)))
    body["think"] = request.thinking != provider::Thinking::off;
  return dump_json(body);
}

bool learn_refusal(const Error& error, OllamaRefusals& refused) {
  if (error.code != Errc::invalid_request) return false;
  const auto before = refused;
  if (provider::says_no_tools(error.detail)) {
    refused.tools = true;
  } else if (icontains(error.detail, "think")) {
    refused.thinking = true;
  }
  return !(refused == before);
}

OllamaStream::OllamaStream(provider::EventSink& events,
                           std::span<const provider::ToolDefinition> tools,
                           std::function<std::string()> fresh_id)
    : lines_([this](std::string_view line) {
        if (failed_) failed_ = on_line(line);
      }),
      answer_(events, tools, std::move(fresh_id)),
      tags_(true, false) {}

Status OllamaStream::feed(std::string_view bytes) {
  if (!failed_) return failed_;
  if (auto status = lines_.feed(bytes); !status && failed_) failed_ = status;
  return failed_;
}

Status OllamaStream::on_line(std::string_view line) {
  if (done_ || trim(line).empty()) return {};
  if (trim(line).starts_with('<')) return std::unexpected(provider::error_from_page(200, line));
  bool marked = false;
  TRY(const auto value, provider::parse_event(trim(line), marked));
  const auto* object = value.if_object();
  if (!object) return fail(Errc::unavailable, "the provider sent a line that is no object");
  if (auto error = provider::error_from_event(*object)) return std::unexpected(std::move(*error));
  if (const auto model = find_string(*object, "model")) completion_.model = *model;
  if (const auto* message = find_object(*object, "message")) on_message(*message, marked);
  if (!find_bool(*object, "done").value_or(false)) return {};
  done_ = true;
  reason_ = string_or(*object, "done_reason", "");
  completion_.usage.input =
      std::max<std::int64_t>(find_int(*object, "prompt_eval_count").value_or(0), 0);
  completion_.usage.output = std::max<std::int64_t>(find_int(*object, "eval_count").value_or(0), 0);
  return {};
}

void OllamaStream::on_message(const json::object& message, bool marked) {
  std::string_view thinking;
  for (const auto* key : {"thinking", "reasoning_content"})
    if (thinking.empty()) thinking = find_string(message, key).value_or("");
  if (!thinking.empty()) answer_.append(answer_.current(Kind::thinking), thinking, marked);
  if (const auto content = find_string(message, "content"))
    show(tags_.feed(content_carry_.take(*content, marked)));
  if (const auto* calls = find_array(message, "tool_calls"))
    for (const auto& call : *calls)
      if (call.is_object()) on_call(call.get_object(), marked);
}

// Each call is whole. Old servers give no id.
void OllamaStream::on_call(const json::object& call, bool marked) {
  const auto* function = find_object(call, "function");
  if (!function) return;
  auto& part = answer_.add(Kind::call);
  part.id = string_or(call, "id", "");
  part.name = string_or(*function, "name", "");
  const auto* arguments = find(*function, "arguments");
  if (!arguments) return;
  if (arguments->is_string()) {
    answer_.append(part, arguments->get_string(), marked);
  } else {
    answer_.append(part, dump_json(*arguments), marked);
  }
}

void OllamaStream::show(const std::vector<ThinkTags::Piece>& pieces) {
  for (const auto& piece : pieces) {
    const auto kind = piece.kind == ThinkTags::Kind::thinking ? Kind::thinking : Kind::text;
    answer_.append(answer_.current(kind), piece.text, false);
  }
}

Result<provider::Completion> OllamaStream::finish() {
  if (auto status = lines_.finish(); !status && failed_) failed_ = status;
  if (!failed_) return std::unexpected(failed_.error());
  if (!done_)
    return fail(Errc::unavailable, "the provider's answer ended in the middle (no done line)");
  show(tags_.feed(content_carry_.finish()));
  show(tags_.finish());
  if (answer_.empty() && (reason_ == "load" || reason_ == "unload"))
    return fail(Errc::unavailable, "the server only answered that the model was {}ed", reason_);
  completion_.stop = answer_.has_calls()   ? StopReason::tool_use
                     : reason_ == "length" ? StopReason::length
                                           : StopReason::stop;
  completion_.blocks = answer_.take_blocks();
  return std::move(completion_);
}

}  // namespace carapace::providers

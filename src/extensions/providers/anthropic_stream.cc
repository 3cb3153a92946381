#include "extensions/providers/anthropic_stream.h"

#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "provider/peer_error.h"
#include "provider/surrogate_carry.h"

namespace carapace::providers {
namespace {

using Kind = provider::Answer::Kind;

std::string_view string_of(const json::object& object, std::string_view key) {
  return find_string(object, key).value_or(std::string_view{});
}

}  // namespace

MessagesStream::MessagesStream(provider::EventSink& events,
                               std::span<const provider::ToolDefinition> tools,
                               std::function<std::string()> fresh_id)
    : feed_([this](const provider::FeedEvent& event) { return on_event(event); }),
      answer_(events, tools, std::move(fresh_id)) {}

Status MessagesStream::on_event(const provider::FeedEvent& event) {
  if (done_) return {};
  const auto data = trim(event.data);
  if (data.empty()) return {};
  if (data == "[DONE]") {  // not of this wire, but some imitations send it
    done_ = true;
    return {};
  }
  bool marked = false;
  TRY(const auto value, provider::parse_event(data, marked));
  const auto* object = value.if_object();
  if (!object) return fail(Errc::unavailable, "the provider sent an event that is no object");
  if (auto error = provider::error_from_event(*object)) return std::unexpected(std::move(*error));
  if (event.type == "error")
    return fail(Errc::unavailable, "error in the stream: {}", ellipsize(data, 300));
  const auto type = string_of(*object, "type");
  const auto index = find_int(*object, "index").value_or(0);
  if (type == "message_start") {
    if (const auto* message = find_object(*object, "message")) on_message(*message, marked);
  } else if (type == "content_block_start") {
    if (const auto* block = find_object(*object, "content_block")) on_block(index, *block, marked);
  } else if (type == "content_block_delta") {
    if (const auto* delta = find_object(*object, "delta")) on_delta(index, *delta, marked);
  } else if (type == "message_delta") {
    if (const auto* delta = find_object(*object, "delta"))
      if (const auto reason = string_of(*delta, "stop_reason"); !reason.empty()) stop_ = reason;
    if (const auto* usage = find_object(*object, "usage")) on_usage(*usage);
  } else if (type == "message_stop") {
    done_ = true;
  } else if (event.whole && type == "message") {
    on_message(*object, marked);
    done_ = true;
  } else if (event.whole) {
    return fail(Errc::unavailable, "the provider answered with JSON that is no message: {}",
                ellipsize(data, 300));
  }
  return {};
}

// The head of a stream, or a whole answer.
void MessagesStream::on_message(const json::object& message, bool marked) {
  if (const auto model = string_of(message, "model"); !model.empty()) completion_.model = model;
  if (const auto reason = string_of(message, "stop_reason"); !reason.empty()) stop_ = reason;
  if (const auto* usage = find_object(message, "usage")) on_usage(*usage);
  const auto* content = find_array(message, "content");
  if (!content) return;
  std::int64_t index = 0;
  for (const auto& block : *content)
    if (block.is_object()) on_block(index++, block.get_object(), marked);
}

void MessagesStream::on_block(std::int64_t index, const json::object& block, bool marked) {
  const auto type = string_of(block, "type");
  provider::Answer::Part* part = nullptr;
  if (type == "text") {
    part = &answer_.add(Kind::text);
    answer_.append(*part, string_of(block, "text"), marked);
  } else if (type == "thinking") {
    part = &answer_.add(Kind::thinking);
    answer_.append(*part, string_of(block, "thinking"), marked);
    part->signature = string_of(block, "signature");
  } else if (type == "redacted_thinking") {
    part = &answer_.add(Kind::redacted);
    part->text = string_of(block, "data");
  } else if (type == "tool_use") {
    part = &answer_.add(Kind::call);
    part->id = string_of(block, "id");
    part->name = string_of(block, "name");
    // Usually `{}` with the arguments in deltas; imitations send them here, whole.
    if (const auto* input = find_object(block, "input"); input && !input->empty())
      part->text = dump_json(*input);
  }
  parts_[index] = part;
}

// A delta of a block whose start was lost still says what it is.
provider::Answer::Part* MessagesStream::part_of(std::int64_t index, std::string_view delta_type) {
  if (const auto found = parts_.find(index); found != parts_.end()) return found->second;
  if (delta_type == "text_delta") return parts_[index] = &answer_.add(Kind::text);
  if (delta_type == "thinking_delta") return parts_[index] = &answer_.add(Kind::thinking);
  return nullptr;
}

void MessagesStream::on_delta(std::int64_t index, const json::object& delta, bool marked) {
  const auto type = string_of(delta, "type");
  auto* part = part_of(index, type);
  if (!part) return;
  if (type == "text_delta" && part->kind == Kind::text) {
    answer_.append(*part, string_of(delta, "text"), marked);
  } else if (type == "thinking_delta" && part->kind == Kind::thinking) {
    answer_.append(*part, string_of(delta, "thinking"), marked);
  } else if (type == "signature_delta" && part->kind == Kind::thinking) {
    part->signature += string_of(delta, "signature");
  } else if (type == "input_json_delta" && part->kind == Kind::call) {
    answer_.append(*part, string_of(delta, "partial_json"), marked);
  }
}

// Numbers are cumulative, and null where an event does not know them.
void MessagesStream::on_usage(const json::object& usage) {
  const auto take = [&usage](std::string_view key, std::int64_t& into) {
    if (const auto tokens = find_int(usage, key); tokens && *tokens >= 0) into = *tokens;
  };
  take("input_tokens", completion_.usage.input);
  take("output_tokens", completion_.usage.output);
  take("cache_read_input_tokens", completion_.usage.cache_read);
  take("cache_creation_input_tokens", completion_.usage.cache_write);
}

StopReason MessagesStream::stop_reason() const {
  if (stop_ == "refusal") return StopReason::refusal;
  if (answer_.has_calls()) return StopReason::tool_use;
  if (stop_ == "max_tokens" || stop_ == "model_context_window_exceeded") return StopReason::length;
  return StopReason::stop;
}

Result<provider::Completion> MessagesStream::finish() {
  TRY_STATUS(feed_.finish());
  if (!done_ && stop_.empty())
    return fail(Errc::unavailable, "the provider's answer ended in the middle (no message_stop)");
  if (stop_ == "model_context_window_exceeded" && answer_.empty())
    return fail(Errc::too_large, "the prompt left no room for an answer in the model's window");
  completion_.stop = stop_reason();
  completion_.paused = stop_ == "pause_turn" && completion_.stop == StopReason::stop;
  completion_.blocks = answer_.take_blocks();
  // What was said before a refusal must not be used or replayed.
  if (completion_.stop == StopReason::refusal) completion_.blocks.clear();
  return std::move(completion_);
}

}  // namespace carapace::providers

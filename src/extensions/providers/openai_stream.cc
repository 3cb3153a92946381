#include "extensions/providers/openai_stream.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "provider/peer_error.h"
#include "provider/surrogate_carry.h"
#include "provider/tool_arguments.h"

namespace carapace::providers {
namespace {

using Kind = provider::Answer::Kind;

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

std::string_view string_of(const json::object& object, std::string_view key) {
  return find_string(object, key).value_or(std::string_view{});
}

// The words of a content part, whatever it calls itself: text, or thinking with parts inside.
std::string words_of(const json::value& value) {
  if (value.is_string()) return std::string(std::string_view(value.get_string()));
  std::string out;
  if (value.is_array()) {
    for (const auto& item : value.get_array()) out += words_of(item);
  } else if (value.is_object()) {
    if (const auto* text = find(value.get_object(), "text")) out += words_of(*text);
  }
  return out;
}

// Lists of reasoning details arrive in pieces: text of one index is joined, the rest is kept as it
// came.
void merge_detail(const json::object& item, std::vector<std::string>& details) {
  if (!details.empty()) {
    const auto before = parse_json(details.back());
    if (before && before->is_object()) {
      auto last = before->get_object();
      const bool same = string_of(last, "type") == string_of(item, "type") &&
                        find_int(last, "index") == find_int(item, "index");
      for (const auto* key : {"text", "summary"}) {
        if (!same || !find_string(last, key) || !find_string(item, key)) continue;
        last[key] = std::string(string_of(last, key)) + std::string(string_of(item, key));
        if (const auto signature = find_string(item, "signature")) last["signature"] = *signature;
        details.back() = dump_json(last);
        return;
      }
    }
  }
  details.push_back(dump_json(item));
}

}  // namespace

ChatStream::ChatStream(provider::EventSink& events, std::span<const provider::ToolDefinition> tools,
                       std::function<std::string()> fresh_id, ChatStreamOptions options)
    : feed_([this](const provider::FeedEvent& event) { return on_event(event); }),
      answer_(events, tools, std::move(fresh_id)),
      tags_(options.think_tags, options.lone_close),
      options_(options) {}

Status ChatStream::on_event(const provider::FeedEvent& event) {
  if (done_) return {};
  const auto data = trim(event.data);
  if (data.empty()) return {};
  if (data == "[DONE]") {
    done_ = true;
    return {};
  }
  bool marked = false;
  TRY(const auto value, provider::parse_event(data, marked));
  const auto* chunk = value.if_object();
  // Some gateways wrap an error in an array of one.
  if (!chunk && value.is_array() && !value.get_array().empty())
    chunk = value.get_array().front().if_object();
  if (!chunk) return fail(Errc::unavailable, "the provider sent an event that is no object");
  if (auto error = provider::error_from_event(*chunk)) return std::unexpected(std::move(*error));
  if (event.type == "error")
    return fail(Errc::unavailable, "error in the stream: {}", ellipsize(data, 300));
  if (event.whole && !find_array(*chunk, "choices"))
    return fail(Errc::unavailable, "the provider answered with JSON that is no completion: {}",
                ellipsize(data, 300));
  return on_chunk(*chunk, marked);
}

Status ChatStream::on_chunk(const json::object& chunk, bool marked) {
  if (const auto model = string_of(chunk, "model"); !model.empty()) completion_.model = model;
  if (const auto* usage = find_object(chunk, "usage")) on_usage(*usage);
  if (const auto* groq = find_object(chunk, "x_groq"))
    if (const auto* usage = find_object(*groq, "usage")) on_usage(*usage);
  const auto* choices = find_array(chunk, "choices");
  if (!choices) return {};
  for (const auto& choice : *choices) {
    // We ask for one answer; a server that sends more numbers them.
    if (!choice.is_object() || find_int(choice.get_object(), "index").value_or(0) != 0) continue;
    TRY_STATUS(on_choice(choice.get_object(), marked));
  }
  return {};
}

Status ChatStream::on_choice(const json::object& choice, bool marked) {
  if (const auto* usage = find_object(choice, "usage")) on_usage(*usage);
  for (const auto* key : {"delta", "message"})
    if (const auto* delta = find_object(choice, key)) on_delta(*delta, marked);
  const auto reason = string_of(choice, "finish_reason");
  if (reason.empty()) return {};
  if (is_one_of(reason, {"error", "network_error", "insufficient_system_resource"}))
    return fail(Errc::unavailable, "the provider broke off its answer ({})", reason);
  finished_ = true;
  if (finish_.empty()) finish_ = reason;
  return {};
}

void ChatStream::on_delta(const json::object& delta, bool marked) {
  on_reasoning(delta, marked);
  if (const auto* content = find(delta, "content")) on_content(*content, marked);
  if (const auto refusal = string_of(delta, "refusal"); !refusal.empty()) {
    refused_ = true;
    answer_.append(answer_.current(Kind::text), refusal, marked);
  }
  if (const auto* calls = find_array(delta, "tool_calls")) {
    for (const auto& call : *calls)
      if (call.is_object()) on_call(call.get_object(), marked);
  }
  if (const auto* legacy = find_object(delta, "function_call"))
    on_call(json::object{{"index", 0}, {"function", *legacy}}, marked);
}

void ChatStream::on_content(const json::value& content, bool marked) {
  if (content.is_string()) return add_text(content.get_string(), marked);
  const auto* parts = content.if_array();
  if (!parts) return;
  for (const auto& part : *parts) {
    if (part.is_string()) {
      add_text(part.get_string(), marked);
      continue;
    }
    if (!part.is_object()) continue;
    if (const auto* thinking = find(part.get_object(), "thinking")) {
      answer_.append(answer_.current(Kind::thinking), words_of(*thinking), marked);
    } else {
      add_text(words_of(part), marked);
    }
  }
}

void ChatStream::on_reasoning(const json::object& delta, bool marked) {
  std::string_view words;
  // Some servers send two of them with the same words.
  for (const auto* key : {"reasoning_content", "reasoning", "reasoning_text"})
    if (words.empty()) words = string_of(delta, key);
  const auto* details = find_array(delta, "reasoning_details");
  std::string from_details;
  if (details) {
    for (const auto& item : *details) {
      if (!item.is_object()) continue;
      merge_detail(item.get_object(), reasoning_details_);
      from_details += string_of(item.get_object(), "text");
    }
  }
  if (words.empty()) words = from_details;
  if (!words.empty()) answer_.append(answer_.current(Kind::thinking), words, marked);
}

void ChatStream::add_text(std::string_view text, bool marked) {
  show(tags_.feed(content_carry_.take(text, marked)));
}

void ChatStream::show(const std::vector<ThinkTags::Piece>& pieces) {
  for (const auto& piece : pieces) {
    switch (piece.kind) {
      case ThinkTags::Kind::relabel: answer_.relabel_text(); break;
      case ThinkTags::Kind::thinking:
        answer_.append(answer_.current(Kind::thinking), piece.text, false);
        break;
      case ThinkTags::Kind::text:
        answer_.append(answer_.current(Kind::text), piece.text, false);
        break;
    }
  }
}

// Which call a piece belongs to (O03, O04, O07): the index says it, unless the id says that a new
// call begins; without an index a known id or nothing at all continues, a new id begins.
ChatStream::Call& ChatStream::find_call(const json::object& item, const json::object& function) {
  const auto index = find_int(item, "index");
  const auto id = string_of(item, "id");
  for (auto call = calls_.rbegin(); call != calls_.rend(); ++call) {
    const bool same_id = !id.empty() && call->part->id == id;
    const bool other_index = call->index != index && (call->index.has_value() || !same_id);
    if (index ? other_index : (!id.empty() && !same_id)) continue;
    if (!id.empty() && !call->part->id.empty() && !same_id) break;
    // Whole calls without index and id, one after the other: a name behind complete arguments
    // begins one.
    const bool begins = !index && id.empty() && !string_of(function, "name").empty() &&
                        provider::is_json_object(call->part->text);
    if (begins) break;
    return *call;
  }
  calls_.push_back({index, &answer_.add(Kind::call)});
  return calls_.back();
}

// Names are sent once, in pieces, or again with every delta (O05).
void ChatStream::name_call(provider::Answer::Part& part, std::string_view name) {
  if (name.empty() || name == part.name || answer_.offers(part.name)) return;
  if (part.name.empty() || name.starts_with(part.name)) {
    part.name = name;
  } else if (part.text.empty() || answer_.offers(part.name + std::string(name))) {
    part.name += name;
  }
}

void ChatStream::on_call(const json::object& item, bool marked) {
  const auto* inner = find_object(item, "function");
  const auto& function = inner ? *inner : item;
  auto& part = *find_call(item, function).part;
  if (const auto id = string_of(item, "id"); part.id.empty()) part.id = id;
  name_call(part, string_of(function, "name"));
  const auto* arguments = find(function, "arguments");
  if (!arguments) return;
  if (arguments->is_string()) {
    answer_.append(part, arguments->get_string(), marked);
  } else if (arguments->is_object()) {
    part.text = dump_json(*arguments);
  }
}

void ChatStream::on_usage(const json::object& usage) {
  const auto prompt = find_int(usage, "prompt_tokens");
  const auto output = find_int(usage, "completion_tokens");
  if (!prompt && !output) return;
  std::int64_t cached = find_int(usage, "prompt_cache_hit_tokens").value_or(0);
  std::int64_t written = 0;
  if (const auto* details = find_object(usage, "prompt_tokens_details")) {
    cached = find_int(*details, "cached_tokens").value_or(cached);
    written = find_int(*details, "cache_write_tokens").value_or(0);
  }
  auto& total = completion_.usage;
  const auto whole = std::max<std::int64_t>(prompt.value_or(0), 0);
  total.cache_read = std::clamp<std::int64_t>(cached, 0, whole);
  total.cache_write = std::clamp<std::int64_t>(written, 0, whole - total.cache_read);
  total.input = whole - total.cache_read - total.cache_write;
  total.output = std::max<std::int64_t>(output.value_or(0), 0);
}

StopReason ChatStream::stop_reason() const {
  if (refused_ || is_one_of(finish_, {"content_filter", "sensitive", "refusal"}))
    return StopReason::refusal;
  // Servers end calls with stop, tool_calls, function_call or nothing: the calls themselves decide.
  if (answer_.has_calls()) return StopReason::tool_use;
  if (is_one_of(finish_, {"length", "max_tokens", "model_length", "model_context_window_exceeded"}))
    return StopReason::length;
  return StopReason::stop;
}

Result<provider::Completion> ChatStream::finish() {
  TRY_STATUS(feed_.finish());
  if (!done_ && !finished_)
    return fail(Errc::unavailable,
                "the provider's answer ended in the middle (no finish reason, no end mark)");
  show(tags_.feed(content_carry_.finish()));
  show(tags_.finish());
  completion_.stop = stop_reason();
  const auto& usage = completion_.usage;
  if (completion_.stop == StopReason::length && answer_.empty() && usage.output == 0 &&
      options_.context_window > 0 && usage.prompt() * 100 >= options_.context_window * 99)
    return fail(Errc::too_large, "the prompt of {} tokens left no room for an answer",
                usage.prompt());
  completion_.blocks = answer_.take_blocks();
  if (!reasoning_details_.empty()) {
    const auto thinking = std::ranges::find_if(completion_.blocks, [](const Block& block) {
      return std::holds_alternative<ThinkingBlock>(block);
    });
    const auto list = "[" + join(reasoning_details_, ",") + "]";
    if (thinking == completion_.blocks.end()) {
      completion_.blocks.insert(completion_.blocks.begin(), ThinkingBlock{"", list, false});
    } else {
      std::get<ThinkingBlock>(*thinking).signature = list;
    }
  }
  return std::move(completion_);
}

}  // namespace carapace::providers

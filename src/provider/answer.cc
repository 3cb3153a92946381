#include "provider/answer.h"

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "base/text.h"
#include "provider/tool_arguments.h"

namespace carapace::provider {
namespace {

// Arguments without a name are still a call: the model is told that there is no such tool.
constexpr std::string_view kNameless = "unknown";

bool is_hollow(const Answer::Part& part) { return part.name.empty() && part.text.empty(); }

}  // namespace

Answer::Answer(EventSink& events, std::span<const ToolDefinition> tools,
               std::function<std::string()> fresh_id)
    : events_(events), tools_(tools), fresh_id_(std::move(fresh_id)) {}

Answer::Part& Answer::add(Kind kind) {
  if (parts_.empty()) events_.on_begin();
  parts_.push_back({});
  parts_.back().kind = kind;
  return parts_.back();
}

Answer::Part& Answer::current(Kind kind) {
  return !parts_.empty() && parts_.back().kind == kind ? parts_.back() : add(kind);
}

void Answer::append(Part& part, std::string_view delta, bool marked) {
  const auto words = part.carry.take(delta, marked);
  if (words.empty()) return;
  part.text += words;
  if (part.kind == Kind::text) events_.on_text(words);
  if (part.kind == Kind::thinking) events_.on_thinking(words);
}

void Answer::relabel_text() {
  for (auto& part : parts_)
    if (part.kind == Kind::text) part.kind = Kind::thinking;
}

bool Answer::has_calls() const {
  return std::ranges::any_of(
      parts_, [](const Part& part) { return part.kind == Kind::call && !is_hollow(part); });
}

bool Answer::offers(std::string_view tool_name) const {
  return std::ranges::any_of(tools_,
                             [tool_name](const auto& tool) { return tool.name == tool_name; });
}

Block Answer::take_call(Part& part, std::vector<std::string>& used_ids) {
  auto id = part.id;
  if (id.empty() || std::ranges::find(used_ids, id) != used_ids.end()) id = fresh_id_();
  used_ids.push_back(id);
  auto arguments = read_arguments(part.text);
  return ToolCall{
      ToolCallId(std::move(id)),
      clean_tool_name(part.name.empty() ? kNameless : std::string_view(part.name), tools_),
      std::move(arguments.text), arguments.malformed};
}

std::vector<Block> Answer::take_blocks() {
  std::vector<Block> blocks;
  std::vector<std::string> used_ids;
  for (auto& part : parts_) {
    // Half a character is all that can be left; it is shown, too, so that events and blocks agree.
    if (const auto rest = part.carry.finish(); !rest.empty()) append(part, rest, false);
    switch (part.kind) {
      case Kind::text:
        if (!part.text.empty()) blocks.emplace_back(TextBlock{std::move(part.text)});
        break;
      case Kind::thinking:
        if (!part.text.empty() || !part.signature.empty())
          blocks.emplace_back(
              ThinkingBlock{std::move(part.text), std::move(part.signature), false});
        break;
      case Kind::redacted:
        blocks.emplace_back(ThinkingBlock{std::move(part.text), "", true});
        break;
      case Kind::call:
        if (!is_hollow(part)) blocks.push_back(take_call(part, used_ids));
        break;
    }
  }
  parts_.clear();
  return blocks;
}

std::function<std::string()> call_id_source(Random& random) {
  return [&random] { return "call_" + random_hex(random, 12); };
}

}  // namespace carapace::provider

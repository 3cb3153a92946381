#include "domain/message.h"

#include <array>

namespace carapace {

std::string text_of(const Message& message) {
  std::string out;
  for (const auto& block : message.blocks) {
    const auto* text = std::get_if<TextBlock>(&block);
    if (!text || text->text.empty()) continue;
    if (!out.empty()) out += "\n\n";
    out += text->text;
  }
  return out;
}

std::vector<const ToolCall*> tool_calls_of(const Message& message) {
  std::vector<const ToolCall*> calls;
  for (const auto& block : message.blocks)
    if (const auto* call = std::get_if<ToolCall>(&block)) calls.push_back(call);
  return calls;
}

std::string_view to_text(Role role) {
  constexpr std::array<std::string_view, 3> kNames{"user", "assistant", "toolResult"};
  return kNames.at(static_cast<std::size_t>(role));
}

std::string_view to_text(StopReason reason) {
  constexpr std::array<std::string_view, 8> kNames{"stop",  "length",  "toolUse",     "refusal",
                                                   "error", "aborted", "interrupted", "injected"};
  return kNames.at(static_cast<std::size_t>(reason));
}

}  // namespace carapace

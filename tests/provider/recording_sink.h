// A sink that keeps what it was shown, and a way to feed a stream reader in pieces, for tests of
// providers.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "base/text.h"
#include "provider/contract.h"
#include "provider/transport.h"

namespace carapace::test {

struct RecordingSink final : provider::EventSink {
  void on_begin() override { ++begun; }
  void on_text(std::string_view delta) override {
    valid &= is_valid_utf8(delta);
    text += delta;
  }
  void on_thinking(std::string_view delta) override {
    valid &= is_valid_utf8(delta);
    thinking += delta;
  }
  std::string text;
  std::string thinking;
  int begun = 0;
  bool valid = true;  // every delta alone was valid UTF-8
};

// As the transport does: until an error or the wire's own end, then finish.
inline Result<provider::Completion> read_all(provider::StreamReader& reader, std::string_view bytes,
                                             std::size_t piece = std::string_view::npos) {
  while (!bytes.empty() && !reader.done()) {
    const auto size = std::min(piece, bytes.size());
    if (auto status = reader.feed(bytes.substr(0, size)); !status)
      return std::unexpected(status.error());
    bytes.remove_prefix(size);
  }
  return reader.finish();
}

inline std::string text_in(const provider::Completion& completion) {
  std::string out;
  for (const auto& block : completion.blocks)
    if (const auto* text = std::get_if<TextBlock>(&block)) out += text->text;
  return out;
}

inline std::string thinking_in(const provider::Completion& completion) {
  std::string out;
  for (const auto& block : completion.blocks)
    if (const auto* thinking = std::get_if<ThinkingBlock>(&block)) out += thinking->text;
  return out;
}

inline std::vector<ToolCall> calls_in(const provider::Completion& completion) {
  std::vector<ToolCall> out;
  for (const auto& block : completion.blocks)
    if (const auto* call = std::get_if<ToolCall>(&block)) out.push_back(*call);
  return out;
}

inline bool all_utf8(const provider::Completion& completion) {
  for (const auto& block : completion.blocks) {
    if (const auto* text = std::get_if<TextBlock>(&block); text && !is_valid_utf8(text->text))
      return false;
    if (const auto* thinking = std::get_if<ThinkingBlock>(&block);
        thinking && !is_valid_utf8(thinking->text))
      return false;
    if (const auto* call = std::get_if<ToolCall>(&block);
        call && !is_valid_utf8(call->arguments + call->name))
      return false;
  }
  return true;
}

}  // namespace carapace::test

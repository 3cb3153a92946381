// What a conversation is made of. One vocabulary for transcript, prompt and providers: a message is
// a role and blocks. Providers translate it to their wire and back; nobody else sees theirs.
// Values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "domain/ids.h"
#include "domain/label.h"
#include "domain/usage.h"

namespace carapace {

struct TextBlock {
  std::string text;
  bool operator==(const TextBlock&) const = default;
};

struct ThinkingBlock {
  std::string text;
  std::string signature;  // opaque; replayed byte for byte to the provider that gave it
  bool redacted = false;  // text is the provider's opaque data, not words
  bool operator==(const ThinkingBlock&) const = default;
};

struct ImageBlock {
  std::string mime;    // image/png, image/jpeg, image/gif, image/webp
  std::string base64;  // standard alphabet, padded
  bool operator==(const ImageBlock&) const = default;
};

struct ToolCall {
  ToolCallId id;
  std::string name;
  std::string arguments;  // JSON text of an object; `malformed` when the model's text was not one
  bool malformed = false;
  bool operator==(const ToolCall&) const = default;
};

struct ToolResult {
  ToolCallId call;
  std::string tool;
  std::string text;
  std::vector<ImageBlock> images;
  bool is_error = false;
  bool operator==(const ToolResult&) const = default;
};

using Block = std::variant<TextBlock, ThinkingBlock, ImageBlock, ToolCall, ToolResult>;

enum class Role : std::uint8_t { user, assistant, tool };
enum class StopReason : std::uint8_t {
  stop,
  length,
  tool_use,
  refusal,
  error,
  aborted,
  interrupted,
  injected
};

// What the model side adds to an assistant message.
struct Origin {
  std::string api;  // wire name, e.g. the provider row's
  std::string provider;
  std::string model;
  Usage usage;
  std::int64_t cost_micros = 0;
  StopReason stop = StopReason::stop;
  std::string error;  // user sentence when stop is error
  bool operator==(const Origin&) const = default;
};

struct Message {
  Role role = Role::user;
  std::vector<Block> blocks;
  std::int64_t at_ms = 0;  // Unix
  Label label;
  PrincipalId principal;         // who said it, or whose run it belongs to
  RunId run;                     // empty for what no run made
  std::optional<Origin> origin;  // assistant messages only
  bool operator==(const Message&) const = default;
};

std::string text_of(const Message& message);  // all text blocks, joined by a blank line
std::vector<const ToolCall*> tool_calls_of(const Message& message);
std::string_view to_text(Role role);  // user, assistant, toolResult
std::string_view to_text(
    StopReason reason);  // stop, length, toolUse, refusal, error, aborted, interrupted, injected

}  // namespace carapace

#include "provider/tool_arguments.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/json.h"
#include "base/text.h"

namespace carapace::provider {
namespace {

// A string-aware walk over JSON-like text: where strings begin and end, and how deep brackets are.
struct Cursor {
  bool in_string = false;
  bool escaped = false;
  int depth = 0;

  void step(char c) {
    if (in_string) {
      if (escaped) {
        escaped = false;
      } else if (c == '\\') {
        escaped = true;
      } else if (c == '"') {
        in_string = false;
      }
      return;
    }
    if (c == '"') in_string = true;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
  }
};

// Raw control characters inside strings become escapes; commas before a closing bracket go.
std::string mend_punctuation(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 8);
  Cursor cursor;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (cursor.in_string && static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
      cursor.escaped = false;
      continue;
    }
    if (!cursor.in_string && c == ',') {
      const auto next = text.find_first_not_of(" \t\r\n", i + 1);
      if (next != std::string_view::npos && (text[next] == '}' || text[next] == ']')) continue;
    }
    cursor.step(c);
    out += c;
  }
  return out;
}

// The length of the first bracketed value; nullopt when it never closes.
std::optional<std::size_t> first_value(std::string_view text) {
  Cursor cursor;
  for (std::size_t i = 0; i < text.size(); ++i) {
    cursor.step(text[i]);
    if (!cursor.in_string && cursor.depth == 0) return i + 1;
  }
  return std::nullopt;
}

std::optional<std::string> object_text(std::string_view text) {
  text = trim(text);
  if (!text.starts_with('{')) return std::nullopt;
  const auto parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) return std::nullopt;
  // The model's own spelling is kept, so that a replayed request has the same bytes.
  if (!is_valid_utf8(text) || mend_surrogates(text)) return dump_json(*parsed);
  return std::string(text);
}

// `{…}{…}`: the same object twice is one; an empty one before or after another says nothing.
std::optional<std::string> undouble(std::string_view text) {
  const auto length = first_value(text);
  if (!length) return std::nullopt;
  auto first = object_text(text.substr(0, *length));
  if (!first) return std::nullopt;
  const auto rest = trim(text.substr(*length));
  if (rest.empty()) return first;
  auto second = object_text(rest);
  if (!second) return std::nullopt;
  const auto a = parse_json(*first);
  const auto b = parse_json(*second);
  if (!a || !b) return std::nullopt;
  if (*a == *b || b->get_object().empty()) return first;
  if (a->get_object().empty()) return second;
  return std::nullopt;
}

std::optional<std::string> read_object(std::string_view text) {
  if (auto whole = object_text(text)) return whole;
  if (auto single = undouble(text)) return single;
  const auto mended = mend_punctuation(text);
  if (auto whole = object_text(mended)) return whole;
  return undouble(mended);
}

bool is_nothing(std::string_view text) { return text.empty() || text == "null"; }

}  // namespace

bool is_json_object(std::string_view text) {
  const auto parsed = parse_json(text);
  return parsed && parsed->is_object();
}

Arguments read_arguments(std::string_view raw) {
  const auto text = trim(raw);
  if (is_nothing(text)) return {"{}", false};
  if (text.front() == '"') {
    // Encoded twice: a JSON string that holds the object's text.
    const auto outer = parse_json(text);
    if (outer && outer->is_string()) {
      const std::string_view inner = trim(std::string_view(outer->get_string()));
      if (is_nothing(inner)) return {"{}", false};
      if (auto object = read_object(inner)) return {std::move(*object), false};
    }
    return {sanitize_utf8(raw), true};
  }
  if (text.front() == '{')
    if (auto object = read_object(text)) return {std::move(*object), false};
  return {sanitize_utf8(raw), true};
}

std::string replay_arguments(const ToolCall& call) {
  if (!call.malformed && is_json_object(call.arguments)) return call.arguments;
  return dump_json(json::object{{"unreadable_arguments", call.arguments}});
}

std::string clean_tool_name(std::string_view name, std::span<const ToolDefinition> tools) {
  const auto offered = [tools](std::string_view text) {
    return std::ranges::any_of(tools, [text](const auto& tool) { return tool.name == text; });
  };
  if (offered(name)) return std::string(name);
  auto text = trim(name);
  if (const auto tag = text.find("<|"); tag != std::string_view::npos)
    text = trim(text.substr(0, tag));
  constexpr std::array<std::string_view, 3> kPrefixes{"functions.", "function.", "tools."};
  for (const auto prefix : kPrefixes)
    if (text.starts_with(prefix) && !offered(text)) text.remove_prefix(prefix.size());
  return std::string(text.empty() ? name : text);
}

}  // namespace carapace::provider

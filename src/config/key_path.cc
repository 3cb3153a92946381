#include "config/key_path.h"

#include <algorithm>

#include "config/json5.h"

namespace carapace::config {
namespace {

constexpr std::size_t kMaxParts = 32;

bool is_index(std::string_view text) {
  return !text.empty() && text.size() < 10 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Reads `[0]`, `["a.b"]` or `['a.b']`, `text` begins with the bracket. Takes what it read off the
// front.
Result<std::string> bracket_part(std::string_view& text) {
  text.remove_prefix(1);
  std::string part;
  if (!text.empty() && (text.front() == '"' || text.front() == '\'')) {
    const char quote = text.front();
    const auto close = text.find(quote, 1);
    if (close == std::string_view::npos)
      return fail(Errc::invalid_request, "a quote in the key is not closed");
    part = text.substr(1, close - 1);
    text.remove_prefix(close + 1);
  } else {
    const auto close = std::min(text.find(']'), text.size());
    part = text.substr(0, close);
    text.remove_prefix(close);
    if (!is_index(part))
      return fail(Errc::invalid_request, "[{}] is neither an index nor a quoted key", part);
  }
  if (text.empty() || text.front() != ']')
    return fail(Errc::invalid_request, "a bracket in the key is not closed");
  text.remove_prefix(1);
  return part;
}

// Reads up to the next dot or bracket; a backslash keeps one of them in the part, as in the
// ancestor's paths. Takes what it read off the front.
std::string bare_part(std::string_view& text) {
  std::string part;
  std::size_t at = 0;
  for (; at < text.size() && text[at] != '.' && text[at] != '['; ++at) {
    const auto next = at + 1 < text.size() ? text[at + 1] : ' ';
    if (text[at] == '\\' && (next == '.' || next == '[' || next == ']')) ++at;
    part += text[at];
  }
  text.remove_prefix(at);
  return part;
}

// Keys that need no quotes in a path; more than in JSON5, because only these separate.
bool stands_bare(std::string_view key) {
  return !key.empty() && key.find_first_of(".[]\"'\\") == std::string_view::npos;
}

}  // namespace

Result<KeyPath> parse_key_path(std::string_view text) {
  KeyPath path;
  for (bool after_dot = true; !text.empty() || after_dot;) {
    if (path.size() == kMaxParts)
      return fail(Errc::invalid_request, "the key has more than {} parts", kMaxParts);
    if (!text.empty() && text.front() == '[') {
      TRY(auto part, bracket_part(text));
      path.push_back(std::move(part));
    } else if (after_dot) {
      auto part = bare_part(text);
      if (part.empty()) return fail(Errc::invalid_request, "the key has an empty part");
      path.push_back(std::move(part));
    } else {
      return fail(Errc::invalid_request, "a dot is missing before '{}'", text);
    }
    after_dot = !text.empty() && text.front() == '.';
    if (after_dot) text.remove_prefix(1);
  }
  return path;
}

std::string child_path(std::string_view parent, std::string_view key) {
  if (!stands_bare(key)) {
    const char quote = key.contains('"') ? '\'' : '"';
    return fmt::format("{}[{}{}{}]", parent, quote, key, quote);
  }
  return parent.empty() ? std::string(key) : fmt::format("{}.{}", parent, key);
}

std::string child_path(std::string_view parent, std::size_t index) {
  return fmt::format("{}[{}]", parent, index);
}

std::string to_text(const KeyPath& path) {
  std::string out;
  for (const auto& part : path)
    out = is_index(part) ? fmt::format("{}[{}]", out, part) : child_path(out, part);
  return out;
}

}  // namespace carapace::config

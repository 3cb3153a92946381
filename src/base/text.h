// Small text helpers that need no locale. UTF-8 in, UTF-8 out; nothing here allocates more than its
// answer. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace carapace {

std::string_view trim(std::string_view text);          // ASCII white space at both ends
std::string to_lower(std::string_view text);           // ASCII only
bool iequals(std::string_view a, std::string_view b);  // ASCII only
bool icontains(std::string_view haystack, std::string_view needle);          // ASCII only
std::vector<std::string_view> split(std::string_view text, char separator);  // keeps empty parts
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string collapse_space(std::string_view text);  // runs of white space become one blank; trimmed
std::string replace_all(std::string text, std::string_view from, std::string_view to);

bool is_valid_utf8(std::string_view text);         // strict: no surrogates, no overlong forms
std::string sanitize_utf8(std::string_view text);  // each bad byte becomes U+FFFD
// At most `bytes` long and never cut inside a code point.
std::string_view truncate_utf8(std::string_view text, std::size_t bytes);
// At most `count` code points; appends "…" when something was cut.
std::string ellipsize(std::string_view text, std::size_t count);
void append_utf8(std::string& out, std::uint32_t code_point);

// Control characters and bidirectional overrides removed (new line and tab stay when asked): for
// lines that reach a terminal or a log.
std::string strip_controls(std::string_view text, bool keep_new_lines);

}  // namespace carapace

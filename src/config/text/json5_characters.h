// The classes of characters of JSON5, on code points. Inside config/text/ only. Pure.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

namespace carapace::config::json5 {

constexpr bool is_digit(char32_t c) { return c >= U'0' && c <= U'9'; }

// -1: none.
constexpr int hex_value(char32_t c) {
  if (is_digit(c)) return static_cast<int>(c - U'0');
  if (c >= U'a' && c <= U'f') return static_cast<int>(c - U'a' + 10);
  if (c >= U'A' && c <= U'F') return static_cast<int>(c - U'A' + 10);
  return -1;
}

constexpr bool is_line_end(char32_t c) {
  return c == U'\n' || c == U'\r' || c == 0x2028 || c == 0x2029;
}

constexpr bool is_blank(char32_t c) {
  return c == U' ' || (c >= 0x09 && c <= 0x0d) || c == 0xa0 || c == 0xfeff || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f || c == 0x3000 ||
         is_line_end(c);
}

// Beyond ASCII every character that is no blank may stand in a key: more than the letters of the
// standard, which would need its tables.
constexpr bool starts_key(char32_t c) {
  return (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z') || c == U'$' || c == U'_' ||
         (c >= 0x80 && c <= 0x10ffff && !is_blank(c));
}
constexpr bool continues_key(char32_t c) { return starts_key(c) || is_digit(c); }

// The first character of a text that is known to be UTF-8 and not empty, and its length.
constexpr std::pair<char32_t, std::size_t> code_point(std::string_view text) {
  const auto byte = [text](std::size_t k) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[k]));
  };
  const auto first = byte(0);
  if (first < 0x80) return {first, 1};
  if (first < 0xe0) return {(first & 0x1fU) << 6U | (byte(1) & 0x3fU), 2};
  if (first < 0xf0)
    return {(first & 0x0fU) << 12U | (byte(1) & 0x3fU) << 6U | (byte(2) & 0x3fU), 3};
  return {(first & 0x07U) << 18U | (byte(1) & 0x3fU) << 12U | (byte(2) & 0x3fU) << 6U |
              (byte(3) & 0x3fU),
          4};
}

}  // namespace carapace::config::json5

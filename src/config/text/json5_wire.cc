#include "config/text/json5_wire.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/text.h"
#include "config/text/json5_characters.h"

namespace carapace::config {
namespace {

using std::string_view;
using namespace json5;

constexpr char32_t kEnd = 0xffffffff;

// The first complaint ends the reading.
struct Complaint {
  std::string text;
};

std::string as_literal(char32_t c) {
  constexpr std::array<std::pair<char32_t, string_view>, 12> kNamed{{{U'\'', "\\'"},
                                                                     {U'"', "\\\""},
                                                                     {U'\\', "\\\\"},
                                                                     {U'\b', "\\b"},
                                                                     {U'\f', "\\f"},
                                                                     {U'\n', "\\n"},
                                                                     {U'\r', "\\r"},
                                                                     {U'\t', "\\t"},
                                                                     {U'\v', "\\v"},
                                                                     {U'\0', "\\0"},
                                                                     {0x2028, "\\u2028"},
                                                                     {0x2029, "\\u2029"}}};
  for (const auto& [named, text] : kNamed)
    if (c == named) return std::string(text);
  if (c < U' ') return fmt::format("\\x{:02x}", static_cast<unsigned>(c));
  std::string out;
  append_utf8(out, c);
  return out;
}

class Judge {
 public:
  explicit Judge(string_view text) : text_(text) {}

  std::optional<std::string> run() {
    try {
      document();
    } catch (const Complaint& complaint) {
      return "SyntaxError: JSON5: " + complaint.text;
    }
    return std::nullopt;
  }

 private:
  char32_t peek() const { return at_ < text_.size() ? code_point(text_.substr(at_)).first : kEnd; }

  char32_t read() {
    const auto c = peek();
    if (c == kEnd) {
      ++column_;
      return c;
    }
    at_ += code_point(text_.substr(at_)).second;
    if (c == U'\n') {
      ++line_;
      column_ = 0;
    } else {
      column_ += c > 0xffff ? 2 : 1;
    }
    return c;
  }

  [[noreturn]] void refuse() { refuse_read(read()); }
  [[noreturn]] void refuse_read(char32_t c) const {
    if (c == kEnd) throw Complaint{fmt::format("invalid end of input at {}:{}", line_, column_)};
    throw Complaint{fmt::format("invalid character '{}' at {}:{}", as_literal(c), line_, column_)};
  }
  [[noreturn]] void refuse_identifier() const {
    throw Complaint{
        fmt::format("invalid identifier character at {}:{}", line_, std::int64_t{column_} - 5)};
  }

  void skip_blanks() {
    for (;;) {
      const auto c = peek();
      if (c == U'/') {
        read();
        comment();
      } else if (is_blank(c)) {
        read();
      } else {
        return;
      }
    }
  }

  void comment() {
    const auto kind = peek();
    if (kind != U'*' && kind != U'/') refuse();
    read();
    if (kind == U'/') {
      while (peek() != kEnd && !is_line_end(peek())) read();
      return;
    }
    for (bool star = false;;) {
      if (peek() == kEnd) refuse();
      const auto c = read();
      if (star && c == U'/') return;
      star = c == U'*';
    }
  }

  void rest_of(string_view word) {
    for (const char c : word) {
      if (peek() != static_cast<char32_t>(c)) refuse();
      read();
    }
  }

  void digits() {
    while (is_digit(peek())) read();
  }
  void one_digit() {
    if (!is_digit(peek())) refuse();
    read();
  }
  void one_hex() {
    if (hex_value(peek()) < 0) refuse();
    hex_ = hex_ << 4U | static_cast<std::uint32_t>(hex_value(read()));
  }

  void exponent() {
    if (peek() != U'e' && peek() != U'E') return;
    read();
    if (peek() == U'+' || peek() == U'-') read();
    one_digit();
    digits();
  }

  void number() {
    if (peek() == U'+' || peek() == U'-') {
      read();
      if (peek() == U'I' || peek() == U'N')
        return rest_of(read() == U'I' ? string_view("nfinity") : string_view("aN"));
    }
    if (peek() == U'0') {
      read();
      if (peek() == U'x' || peek() == U'X') {
        read();
        one_hex();
        while (hex_value(peek()) >= 0) read();
        return;
      }
    } else if (peek() == U'.') {
      read();
      one_digit();
      digits();
      return exponent();
    } else {
      one_digit();
      digits();
    }
    if (peek() == U'.') {
      read();
      digits();
    }
    exponent();
  }

  void escape() {
    const auto c = peek();
    if (c == kEnd || (c >= U'1' && c <= U'9')) refuse();
    read();
    if (c == U'0' && is_digit(peek())) refuse();
    if (c == U'\r' && peek() == U'\n') read();
    for (int i = c == U'x' ? 2 : c == U'u' ? 4 : 0; i > 0; --i) one_hex();
  }

  void text() {
    const auto quote = read();
    for (;;) {
      const auto c = peek();
      if (c == kEnd || c == U'\n' || c == U'\r') refuse();
      read();
      if (c == quote) return;
      if (c == U'\\') escape();
    }
  }

  void key() {
    const auto c = peek();
    if (c == U'"' || c == U'\'') return text();
    if (c != U'\\' && !starts_key(c)) refuse();
    for (bool first = true; first || peek() == U'\\' || continues_key(peek()); first = false) {
      if (read() != U'\\') continue;
      if (peek() != U'u') refuse();
      read();
      hex_ = 0;
      for (int i = 0; i < 4; ++i) one_hex();
      const bool surrogate = hex_ >= 0xd800 && hex_ <= 0xdfff;
      if (surrogate || !(first ? starts_key(hex_) : continues_key(hex_))) refuse_identifier();
    }
  }

  // A value that is no object or list, or the mark that opens one.
  void value() {
    switch (const auto c = peek()) {
      case U'{':
      case U'[':
        read();
        open_.push_back(c);
        fresh_ = true;
        return;
      case U'n': read(), rest_of("ull"); return;
      case U't': read(), rest_of("rue"); return;
      case U'f': read(), rest_of("alse"); return;
      case U'I': read(), rest_of("nfinity"); return;
      case U'N': read(), rest_of("aN"); return;
      case U'"':
      case U'\'': text(); return;
      default:
        if (c != U'+' && c != U'-' && c != U'.' && !is_digit(c)) refuse();
        number();
    }
  }

  void document() {
    skip_blanks();
    value();
    while (!open_.empty()) {
      skip_blanks();
      const auto close = open_.back() == U'{' ? U'}' : U']';
      // Behind the opening mark and behind a comma: an item or the end; else a comma or the end.
      if (peek() == close) {
        read();
        open_.pop_back();
        fresh_ = false;
        continue;
      }
      if (!fresh_) {
        if (peek() != U',') refuse();
        read();
        fresh_ = true;
        continue;
      }
      if (close == U'}') {
        key();
        skip_blanks();
        if (peek() != U':') refuse();
        read();
        skip_blanks();
      }
      fresh_ = false;
      value();
    }
    skip_blanks();
    if (peek() != kEnd) refuse();
  }

  string_view text_;
  std::size_t at_ = 0;
  std::int64_t line_ = 1;
  std::int64_t column_ = 0;
  std::uint32_t hex_ = 0;
  std::vector<char32_t> open_;  // objects and lists around here
  bool fresh_ = false;          // an item may come
};

}  // namespace

std::optional<std::string> json5_wire_text(string_view text) {
  return Judge(sanitize_utf8(text)).run();
}

}  // namespace carapace::config

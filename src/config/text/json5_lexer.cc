#include "config/text/json5_lexer.h"

#include <charconv>
#include <cstdlib>
#include <limits>

#include "base/text.h"
#include "config/text/json5_characters.h"

namespace carapace::config {
namespace {

using std::string_view;
using Kind = Json5Node::Kind;
using namespace json5;

constexpr bool is_plain_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$';
}

void set_integer(Json5Node& node, std::uint64_t magnitude, bool negative) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (magnitude <= kMax) {
    node.kind = Kind::integer;
    node.integer =
        negative ? -static_cast<std::int64_t>(magnitude) : static_cast<std::int64_t>(magnitude);
  } else if (negative && magnitude == kMax + 1) {
    node.kind = Kind::integer;
    node.integer = std::numeric_limits<std::int64_t>::min();
  } else if (!negative) {
    node.kind = Kind::big_integer;
    node.big = magnitude;
  } else {
    node.number = -static_cast<double>(magnitude);
  }
}

// Half a pair whose other half does not follow.
void settle(std::string& out, std::uint32_t& high) {
  if (high != 0) append_utf8(out, 0xfffd);
  high = 0;
}

}  // namespace

bool Json5Lexer::at_number() const {
  const auto rest = text_.substr(at_);
  const auto c = static_cast<char32_t>(static_cast<unsigned char>(peek()));
  return c == U'+' || c == U'-' || c == U'.' || is_digit(c) || rest.starts_with("Infinity") ||
         rest.starts_with("NaN");
}

bool Json5Lexer::at_key() const { return !at_end() && starts_key(point().first); }

std::pair<char32_t, std::size_t> Json5Lexer::point() const { return code_point(text_.substr(at_)); }

std::string Json5Lexer::shown() const {
  if (at_end()) return "the end of the text";
  const auto [c, length] = point();
  if (c < 0x20 || c == 0x7f)
    return fmt::format("the control character 0x{:02x}", static_cast<unsigned>(c));
  return fmt::format("'{}'", text_.substr(at_, length));
}

bool Json5Lexer::skip_comment() {
  if (peek() != '/' || (peek(1) != '/' && peek(1) != '*')) return false;
  const auto begin = at_;
  if (peek(1) == '/') {
    // No byte of a longer character looks like one of these, but two of them begin with 0xe2.
    for (; !at_end(); ++at_) {
      const auto byte = static_cast<unsigned char>(text_[at_]);
      if (byte == '\n' || byte == '\r' || (byte == 0xe2 && is_line_end(point().first))) break;
    }
    return true;
  }
  const auto close = text_.find("*/", at_ + 2);
  if (close == string_view::npos) stop_at(begin, "this comment is not closed with */");
  at_ = close + 2;
  return true;
}

void Json5Lexer::skip_blanks() {
  for (;;) {
    while (!at_end()) {
      const auto byte = static_cast<unsigned char>(text_[at_]);
      if (byte < 0x80 ? !is_blank(byte) : !is_blank(point().first)) break;
      advance();
    }
    if (!skip_comment()) return;
  }
}

bool Json5Lexer::word(string_view expected) {
  if (!text_.substr(at_).starts_with(expected)) return false;
  const auto begin = at_;
  at_ += expected.size();
  if (at_end() || !continues_key(point().first)) return true;
  at_ = begin;
  return false;
}

std::string Json5Lexer::key() {
  std::string out;
  auto plain = at_;
  while (plain < text_.size() && is_plain_letter(text_[plain])) ++plain;
  if (plain > at_ && !is_digit(static_cast<unsigned char>(peek())))
    out = text_.substr(at_, plain - at_), at_ = plain;
  for (bool first = out.empty(); !at_end(); first = false) {
    const auto begin = at_;
    auto [c, length] = point();
    if (c == U'\\' && peek(1) == 'u') {
      at_ += 2;
      c = hex_digits(4);
      if (c >= 0xd800 && c <= 0xdfff) stop_at(begin, "half a surrogate pair in a key");
      length = 0;
    }
    if (!(first ? starts_key(c) : continues_key(c))) {
      at_ = begin;
      break;
    }
    at_ += length;
    append_utf8(out, c);
  }
  if (out.empty()) {
    if (is_digit(static_cast<char32_t>(peek())))
      stop("a key that begins with a digit needs quotes");
    stop(fmt::format("a key was expected, not {}", shown()));
  }
  return out;
}

std::uint32_t Json5Lexer::hex_digits(int count) {
  std::uint32_t out = 0;
  for (int i = 0; i < count; ++i, ++at_) {
    const int nibble = at_end() ? -1 : hex_value(static_cast<unsigned char>(peek()));
    if (nibble < 0) stop(fmt::format("this escape needs {} hexadecimal digits", count));
    out = out << 4U | static_cast<std::uint32_t>(nibble);
  }
  return out;
}

std::string Json5Lexer::string() {
  const auto begin = at_;
  const char quote = text_[at_++];
  std::string out;
  std::uint32_t high = 0;  // the first half of a surrogate pair that waits for the second
  for (;;) {
    if (at_end()) stop_at(begin, "this text is not closed");
    const char c = peek();
    if (c == quote) break;
    if (c == '\n' || c == '\r') stop_at(begin, "this text does not end on its line");
    if (c == '\\') {
      escape(out, high);
      continue;
    }
    settle(out, high);
    const auto run = at_;
    while (!at_end() && text_[at_] != quote && text_[at_] != '\\' && text_[at_] != '\n' &&
           text_[at_] != '\r')
      ++at_;
    out.append(text_.substr(run, at_ - run));
  }
  settle(out, high);
  ++at_;
  return out;
}

// A backslash and what follows. Lone halves of surrogate pairs become U+FFFD, as everywhere in the
// house.
void Json5Lexer::escape(std::string& out, std::uint32_t& high) {
  const auto begin = at_++;
  if (at_end()) stop_at(begin, "the text ends in an escape");
  const auto [c, length] = point();
  if (c == U'u') {
    ++at_;
    const auto unit = hex_digits(4);
    const bool low = unit >= 0xdc00 && unit <= 0xdfff;
    if (high != 0 && low) {
      append_utf8(out, 0x10000 + ((high - 0xd800) << 10U) + (unit - 0xdc00));
      high = 0;
      return;
    }
    settle(out, high);
    high = unit >= 0xd800 && unit <= 0xdbff ? unit : 0;
    if (high == 0) append_utf8(out, low ? 0xfffd : unit);
    return;
  }
  at_ += length;
  if (is_line_end(c)) {
    if (c == U'\r' && peek() == '\n') ++at_;
    return;  // nothing between the halves of a pair
  }
  settle(out, high);
  constexpr string_view kNames = "bfnrtv";
  constexpr string_view kValues = "\b\f\n\r\t\v";
  if (const auto name = c < 0x80 ? kNames.find(static_cast<char>(c)) : string_view::npos;
      name != string_view::npos) {
    out += kValues[name];
  } else if (c == U'x') {
    append_utf8(out, hex_digits(2));
  } else if (c == U'0' && !is_digit(static_cast<char32_t>(peek()))) {
    out += '\0';
  } else if (is_digit(c)) {
    stop_at(begin, "octal escapes are not allowed");
  } else {
    append_utf8(out, c);
  }
}

void Json5Lexer::number(Json5Node& node) {
  const bool negative = peek() == '-';
  if (negative || peek() == '+') ++at_;
  node.kind = Kind::number;
  if (word("Infinity")) {
    node.number = negative ? -std::numeric_limits<double>::infinity()
                           : std::numeric_limits<double>::infinity();
  } else if (word("NaN")) {
    node.number = std::numeric_limits<double>::quiet_NaN();
  } else if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
    at_ += 2;
    hex_number(node, negative);
  } else {
    decimal(node, negative);
  }
  if (!at_end() && continues_key(point().first))
    stop_at(node.begin, "this is neither a number nor quoted text");
}

void Json5Lexer::hex_number(Json5Node& node, bool negative) {
  const auto begin = at_;
  while (!at_end() && hex_value(static_cast<unsigned char>(peek())) >= 0) ++at_;
  if (at_ == begin) stop("0x needs hexadecimal digits");
  const char* first = text_.data() + begin;
  const char* last = text_.data() + at_;
  std::uint64_t whole = 0;
  if (std::from_chars(first, last, whole, 16).ec == std::errc())
    return set_integer(node, whole, negative);
  double wide = 0;
  if (std::from_chars(first, last, wide, std::chars_format::hex).ec != std::errc())
    wide = std::numeric_limits<double>::infinity();
  node.number = negative ? -wide : wide;
}

void Json5Lexer::decimal(Json5Node& node, bool negative) {
  const auto begin = at_;
  const auto digits = [this] {
    const auto from = at_;
    while (!at_end() && is_digit(static_cast<char32_t>(static_cast<unsigned char>(peek())))) ++at_;
    return at_ - from;
  };
  const auto whole = digits();
  if (whole > 1 && text_[begin] == '0') stop_at(node.begin, "a number may not begin with 0");
  bool integral = true;
  std::size_t fraction = 0;
  if (peek() == '.') {
    ++at_;
    integral = false;
    fraction = digits();
  }
  if (whole + fraction == 0) stop_at(node.begin, "a number needs digits");
  if (peek() == 'e' || peek() == 'E') {
    ++at_;
    integral = false;
    if (peek() == '+' || peek() == '-') ++at_;
    if (digits() == 0) stop("an exponent needs digits");
  }
  const char* first = text_.data() + begin;
  const char* last = text_.data() + at_;
  std::uint64_t magnitude = 0;
  if (integral && std::from_chars(first, last, magnitude).ec == std::errc())
    return set_integer(node, magnitude, negative);
  double number = 0;
  // Out of range is Infinity or nothing, as everywhere in JSON; from_chars does not say which.
  if (std::from_chars(first, last, number).ec == std::errc::result_out_of_range)
    number = std::strtod(std::string(first, last).c_str(), nullptr);
  node.number = negative ? -number : number;
}

}  // namespace carapace::config

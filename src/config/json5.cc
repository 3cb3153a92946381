#include "config/json5.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <optional>

#include "base/json.h"
#include "base/text.h"

namespace carapace::config {
namespace {

using std::string_view;
using Kind = Json5Node::Kind;

constexpr bool digit(char32_t c) { return c >= U'0' && c <= U'9'; }
constexpr int hex_value(char32_t c) {
  if (digit(c)) return static_cast<int>(c - U'0');
  if (c >= U'a' && c <= U'f') return static_cast<int>(c - U'a' + 10);
  if (c >= U'A' && c <= U'F') return static_cast<int>(c - U'A' + 10);
  return -1;
}
constexpr bool line_end(char32_t c) { return c == U'\n' || c == U'\r' || c == 0x2028 || c == 0x2029; }
constexpr bool blank(char32_t c) {
  return c == U' ' || (c >= 0x09 && c <= 0x0d) || c == 0xa0 || c == 0xfeff || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x202f || c == 0x205f || c == 0x3000 || line_end(c);
}
// Beyond ASCII every character that is no blank may stand in a key: more than the letters of the
// standard, which would need its tables.
constexpr bool starts_key(char32_t c) {
  return (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z') || c == U'$' || c == U'_' || (c >= 0x80 && !blank(c));
}
constexpr bool continues_key(char32_t c) { return starts_key(c) || digit(c); }

// The problem that ends the reading travels as an exception inside this file only: nearly every
// function of a recursive reader can meet one.
struct Stop {
  std::size_t at;
  std::string what;
};

class Reader {
 public:
  Reader(string_view text, Json5Limits limits) : text_(text), limits_(limits) {}

  Json5Node document() {
    skip_blanks();
    if (at_end()) stop("the file holds no value");
    auto root = value(0);
    skip_blanks();
    if (!at_end()) stop("something follows the end of the document");
    return root;
  }

 private:
  bool at_end() const { return at_ >= text_.size(); }
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  [[noreturn]] void stop(std::string what) const { throw Stop{at_, std::move(what)}; }
  [[noreturn]] static void stop_at(std::size_t at, std::string what) { throw Stop{at, std::move(what)}; }

  // The code point at `at_` and its length; the text is known to be UTF-8.
  std::pair<char32_t, std::size_t> point() const;
  void advance() { at_ += point().second; }
  bool skip_comment();
  void skip_blanks();
  Json5Node value(std::size_t depth);
  void object(Json5Node& node, std::size_t depth);
  void list(Json5Node& node, std::size_t depth);
  bool next_item(Json5Node& node, char close);
  std::string key();
  std::string string();
  void escape(std::string& out, std::uint32_t& high);
  std::uint32_t hex_digits(int count);
  void number(Json5Node& node);
  void hex_number(Json5Node& node, bool negative);
  void decimal(Json5Node& node, bool negative);
  bool word(string_view expected);
  std::string shown() const;

  string_view text_;
  Json5Limits limits_;
  std::size_t at_ = 0;
};

std::pair<char32_t, std::size_t> Reader::point() const {
  const auto byte = [this](std::size_t k) { return static_cast<char32_t>(static_cast<unsigned char>(text_[at_ + k])); };
  const auto first = byte(0);
  if (first < 0x80) return {first, 1};
  if (first < 0xe0) return {(first & 0x1fU) << 6U | (byte(1) & 0x3fU), 2};
  if (first < 0xf0) return {(first & 0x0fU) << 12U | (byte(1) & 0x3fU) << 6U | (byte(2) & 0x3fU), 3};
  return {(first & 0x07U) << 18U | (byte(1) & 0x3fU) << 12U | (byte(2) & 0x3fU) << 6U | (byte(3) & 0x3fU), 4};
}

// What stands at `at_`, for a message.
std::string Reader::shown() const {
  if (at_end()) return "the end of the text";
  const auto [c, length] = point();
  if (c < 0x20 || c == 0x7f) return fmt::format("the control character 0x{:02x}", static_cast<unsigned>(c));
  return fmt::format("'{}'", text_.substr(at_, length));
}

bool Reader::skip_comment() {
  if (peek() != '/' || (peek(1) != '/' && peek(1) != '*')) return false;
  const auto begin = at_;
  if (peek(1) == '/') {
    while (!at_end() && !line_end(point().first)) advance();
    return true;
  }
  const auto close = text_.find("*/", at_ + 2);
  if (close == string_view::npos) stop_at(begin, "this comment is not closed with */");
  at_ = close + 2;
  return true;
}

void Reader::skip_blanks() {
  for (;;) {
    while (!at_end() && blank(point().first)) advance();
    if (!skip_comment()) return;
  }
}

Json5Node Reader::value(std::size_t depth) {
  Json5Node node;
  node.begin = at_;
  const char c = peek();
  if (at_end()) stop("a value is missing");
  if (c == '{') {
    object(node, depth + 1);
  } else if (c == '[') {
    list(node, depth + 1);
  } else if (c == '"' || c == '\'') {
    node.kind = Kind::text;
    node.text = string();
  } else if (word("true") || word("false")) {
    node.kind = Kind::boolean;
    node.truth = c == 't';
  } else if (word("null")) {
    node.kind = Kind::null;
  } else if (c == '+' || c == '-' || c == '.' || digit(static_cast<char32_t>(c)) || c == 'I' || c == 'N') {
    number(node);
  } else if (starts_key(point().first)) {
    stop("text needs quotes");
  } else {
    stop(fmt::format("a value was expected, not {}", shown()));
  }
  node.end = at_;
  return node;
}

// A literal that no letter or digit follows.
bool Reader::word(string_view expected) {
  if (!text_.substr(at_).starts_with(expected)) return false;
  const auto begin = at_;
  at_ += expected.size();
  if (at_end() || !continues_key(point().first)) return true;
  at_ = begin;
  return false;
}

// After an item: a comma, or the closing mark (then false). Blanks around it are skipped.
bool Reader::next_item(Json5Node& node, char close) {
  skip_blanks();
  if (peek() == close && !at_end()) {
    ++at_;
    return false;
  }
  if (at_end()) stop_at(node.begin, fmt::format("this '{}' is not closed", text_[node.begin]));
  if (peek() != ',') stop(fmt::format("expected ',' or '{}', not {}", close, shown()));
  ++at_;
  skip_blanks();
  if (peek() != close || at_end()) return true;
  node.trailing_comma = true;
  ++at_;
  return false;
}

void Reader::object(Json5Node& node, std::size_t depth) {
  if (depth > limits_.max_depth) stop(fmt::format("deeper than {} levels", limits_.max_depth));
  node.kind = Kind::object;
  ++at_;
  skip_blanks();
  if (peek() == '}') {
    ++at_;
    return;
  }
  do {
    if (at_end()) stop_at(node.begin, "this '{' is not closed");
    auto& member = node.members.emplace_back();
    member.begin = at_;
    member.quoted = peek() == '"' || peek() == '\'';
    member.key = member.quoted ? string() : key();
    skip_blanks();
    if (peek() != ':') {
      if (peek() == '-' && !member.quoted) stop("a key with '-' in it needs quotes");
      stop(fmt::format("expected ':' after the key '{}', not {}", member.key, shown()));
    }
    ++at_;
    skip_blanks();
    // The reference may move when the members grow, but not while this one is read.
    member.value = value(depth);
  } while (next_item(node, '}'));
}

void Reader::list(Json5Node& node, std::size_t depth) {
  if (depth > limits_.max_depth) stop(fmt::format("deeper than {} levels", limits_.max_depth));
  node.kind = Kind::list;
  ++at_;
  skip_blanks();
  if (peek() == ']') {
    ++at_;
    return;
  }
  do {
    if (at_end()) stop_at(node.begin, "this '[' is not closed");
    node.items.push_back(value(depth));
  } while (next_item(node, ']'));
}

std::string Reader::key() {
  std::string out;
  for (bool first = true; !at_end(); first = false) {
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
    if (digit(static_cast<char32_t>(peek()))) stop("a key that begins with a digit needs quotes");
    stop(fmt::format("a key was expected, not {}", shown()));
  }
  return out;
}

std::uint32_t Reader::hex_digits(int count) {
  std::uint32_t out = 0;
  for (int i = 0; i < count; ++i, ++at_) {
    const int nibble = at_end() ? -1 : hex_value(static_cast<unsigned char>(peek()));
    if (nibble < 0) stop(fmt::format("this escape needs {} hexadecimal digits", count));
    out = out << 4U | static_cast<std::uint32_t>(nibble);
  }
  return out;
}

std::string Reader::string() {
  const auto begin = at_;
  const char quote = text_[at_++];
  std::string out;
  std::uint32_t high = 0;  // the first half of a surrogate pair that waits for the second
  const auto settle = [&] {
    if (high != 0) append_utf8(out, 0xfffd);
    high = 0;
  };
  for (;;) {
    if (at_end()) stop_at(begin, "this text is not closed");
    const char c = peek();
    if (c == quote) break;
    if (c == '\n' || c == '\r') stop_at(begin, "this text does not end on its line");
    if (c == '\\') {
      if (peek(1) != 'u') settle();
      escape(out, high);
      continue;
    }
    settle();
    const auto length = point().second;
    out.append(text_.substr(at_, length));
    at_ += length;
  }
  settle();
  ++at_;
  return out;
}

// A backslash and what follows. Lone halves of surrogate pairs become U+FFFD, as everywhere in the house.
void Reader::escape(std::string& out, std::uint32_t& high) {
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
    if (high != 0) append_utf8(out, 0xfffd);
    high = unit >= 0xd800 && unit <= 0xdbff ? unit : 0;
    if (high == 0) append_utf8(out, low ? 0xfffd : unit);
    return;
  }
  at_ += length;
  if (line_end(c)) {
    if (c == U'\r' && peek() == '\n') ++at_;
    return;
  }
  constexpr string_view kNames = "bfnrtv";
  constexpr string_view kValues = "\b\f\n\r\t\v";
  if (const auto name = c < 0x80 ? kNames.find(static_cast<char>(c)) : string_view::npos; name != string_view::npos) {
    out += kValues[name];
  } else if (c == U'x') {
    append_utf8(out, hex_digits(2));
  } else if (c == U'0' && !digit(static_cast<char32_t>(peek()))) {
    out += '\0';
  } else if (digit(c)) {
    stop_at(begin, "octal escapes are not allowed");
  } else {
    append_utf8(out, c);
  }
}

void Reader::number(Json5Node& node) {
  const bool negative = peek() == '-';
  if (negative || peek() == '+') ++at_;
  node.kind = Kind::number;
  if (word("Infinity")) {
    node.number = negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  } else if (word("NaN")) {
    node.number = std::numeric_limits<double>::quiet_NaN();
  } else if (peek() == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
    at_ += 2;
    hex_number(node, negative);
  } else {
    decimal(node, negative);
  }
  if (!at_end() && continues_key(point().first)) stop_at(node.begin, "this is neither a number nor quoted text");
}

void set_integer(Json5Node& node, std::uint64_t magnitude, bool negative) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (magnitude <= kMax) {
    node.kind = Kind::integer;
    node.integer = negative ? -static_cast<std::int64_t>(magnitude) : static_cast<std::int64_t>(magnitude);
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

void Reader::hex_number(Json5Node& node, bool negative) {
  const auto begin = at_;
  std::uint64_t whole = 0;
  double wide = 0;
  bool fits = true;
  for (; !at_end() && hex_value(static_cast<unsigned char>(peek())) >= 0; ++at_) {
    const auto nibble = static_cast<std::uint64_t>(hex_value(static_cast<unsigned char>(peek())));
    fits = fits && whole >> 60U == 0;
    whole = whole << 4U | nibble;
    wide = wide * 16 + static_cast<double>(nibble);
  }
  if (at_ == begin) stop("0x needs hexadecimal digits");
  node.number = negative ? -wide : wide;
  if (fits) set_integer(node, whole, negative);
}

void Reader::decimal(Json5Node& node, bool negative) {
  const auto begin = at_;
  const auto digits = [this] {
    const auto from = at_;
    while (!at_end() && digit(static_cast<char32_t>(static_cast<unsigned char>(peek())))) ++at_;
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
  if (integral && std::from_chars(first, last, magnitude).ec == std::errc() && !(negative && magnitude == 0))
    return set_integer(node, magnitude, negative);
  double number = 0;
  // Out of range is Infinity or nothing, as everywhere in JSON; from_chars does not say which.
  if (std::from_chars(first, last, number).ec == std::errc::result_out_of_range)
    number = std::strtod(std::string(first, last).c_str(), nullptr);
  node.number = negative ? -number : number;
}

// Where the first sequence stands that is not UTF-8.
std::size_t first_bad_byte(string_view text) {
  std::size_t low = 0;
  std::size_t high = text.size();
  // A cut inside a character looks bad, so only cuts at the begin of one are tried.
  while (high - low > 1) {
    const auto middle = truncate_utf8(text, low + (high - low) / 2).size();
    if (middle <= low) break;
    (is_valid_utf8(text.substr(low, middle - low)) ? low : high) = middle;
  }
  while (low < high && is_valid_utf8(text.substr(low, 1))) ++low;
  return low;
}

}  // namespace

Json5Problem problem_at(string_view text, std::size_t at, std::string what) {
  Json5Problem problem{1, 1, std::move(what)};
  for (std::size_t i = 0; i < std::min(at, text.size()); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte == '\n' || (byte == '\r' && (i + 1 >= text.size() || text[i + 1] != '\n'))) {
      ++problem.line;
      problem.column = 1;
    } else if ((byte & 0xc0U) != 0x80U && byte != '\r') {
      ++problem.column;
    }
  }
  return problem;
}

std::expected<Json5Node, Json5Problem> read_json5(string_view text, Json5Limits limits) {
  const auto problem = [text](std::size_t at, std::string what) {
    return std::unexpected(problem_at(text, at, std::move(what)));
  };
  if (text.size() > limits.max_bytes) return problem(0, fmt::format("larger than {} bytes", limits.max_bytes));
  if (!is_valid_utf8(text)) return problem(first_bad_byte(text), "this is not UTF-8 text");
  if (const auto nul = text.find('\0'); nul != string_view::npos) return problem(nul, "a NUL byte");
  try {
    return Reader(text, limits).document();
  } catch (const Stop& stop) {
    return problem(stop.at, stop.what);
  }
}

Result<json::value> parse_json5(string_view text, Json5Limits limits) {
  auto node = read_json5(text, limits);
  if (!node)
    return fail(Errc::invalid_request, "line {}, column {}: {}", node.error().line, node.error().column, node.error().what);
  return to_json(*node);
}

json::value to_json(const Json5Node& node) {
  switch (node.kind) {
    case Kind::null: return nullptr;
    case Kind::boolean: return node.truth;
    case Kind::integer: return node.integer;
    case Kind::big_integer: return node.big;
    case Kind::number: return node.number;
    case Kind::text: return json::string(node.text);
    case Kind::list: {
      json::array out;
      out.reserve(node.items.size());
      for (const auto& item : node.items) out.push_back(to_json(item));
      return out;
    }
    case Kind::object: {
      json::object out;
      out.reserve(node.members.size());
      for (const auto& member : node.members) out[member.key] = to_json(member.value);
      return out;
    }
  }
  return nullptr;
}

const Json5Node* member_of(const Json5Node& object, string_view key) {
  for (auto it = object.members.rbegin(); it != object.members.rend(); ++it)
    if (it->key == key) return &it->value;
  return nullptr;
}

bool is_plain_key(string_view key) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$';
  };
  return !key.empty() && !(key.front() >= '0' && key.front() <= '9') && std::ranges::all_of(key, plain);
}

}  // namespace carapace::config

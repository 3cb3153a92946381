#include "log/redact.h"

#include <array>
#include <optional>

#include "base/text.h"
#include "log/key_shapes.h"
#include "log/secret_name.h"

namespace carapace::log {
namespace {

using std::string_view;

constexpr string_view kMask = "***";
constexpr string_view kGap = "…";
constexpr std::size_t kHead = 6;
constexpr std::size_t kTail = 4;
constexpr std::size_t kLongEnough = 18;
constexpr std::size_t kBareKeyLength = 32;
constexpr std::size_t kQueryKeyLength = 8;
constexpr std::size_t kShortestCredential = 6;
constexpr int kMaxPasses = 4;

// Answers that say something about a secret instead of being one.
constexpr std::array<string_view, 18> kStates{
    "true",    "false",    "null",    "none",       "undefined", "unset",
    "set",     "missing",  "invalid", "required",   "expired",   "mismatch",
    "present", "rejected", "ok",      "configured", "empty",     "accepted"};
// Words that follow "Bearer" and "Basic" in prose.
constexpr std::array<string_view, 12> kProse{
    "tokens",  "authentication", "authorization", "credential", "credentials",   "header",
    "headers", "scheme",         "prefix",        "access",     "functionality", "information"};

template <std::size_t N>
bool among(const std::array<string_view, N>& list, string_view word) {
  for (const auto entry : list)
    if (iequals(entry, word)) return true;
  return false;
}

constexpr bool blank(char c) { return c == ' ' || c == '\t'; }
constexpr bool space(char c) { return blank(c) || c == '\n' || c == '\r'; }
constexpr bool quote(char c) { return c == '"' || c == '\'' || c == '`'; }
constexpr bool hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_scheme(string_view word) {
  return iequals(word, "bearer") || iequals(word, "basic") || iequals(word, "digest") ||
         iequals(word, "bot");
}

// Byte offset of the code point number `count`, or npos when the text is shorter.
std::size_t point_offset(string_view text, std::size_t count) {
  std::size_t points = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0U) == 0x80U) continue;
    if (points++ == count) return i;
  }
  return points == count ? text.size() : string_view::npos;
}

// Byte offset at which the last `count` code points begin.
std::size_t last_points(string_view text, std::size_t count) {
  auto i = text.size();
  while (i > 0 && count > 0)
    if ((static_cast<unsigned char>(text[--i]) & 0xc0U) != 0x80U) --count;
  return i;
}

bool is_masked(string_view value) {
  if (value == kMask || value == kRemovedKey) return true;
  const auto gap = point_offset(value, kHead);
  if (gap == string_view::npos || !value.substr(gap).starts_with(kGap)) return false;
  return point_offset(value.substr(gap + kGap.size()), kTail) == value.size() - gap - kGap.size();
}

// Characters that would end a value or a literal where the mask stands may not be shown.
bool showable(string_view part) {
  return part.find_first_of("\"'`\\ \t\r\n,;&[]{}()<>:=%") == string_view::npos;
}

std::string mask(string_view value) {
  if (is_masked(value)) return std::string(value);
  // Nobody needs to count further than this to know that it is long.
  if (point_offset(value.substr(0, 4 * kLongEnough), kLongEnough) == string_view::npos)
    return std::string(kMask);
  const auto head = value.substr(0, point_offset(value, kHead));
  const auto tail = value.substr(last_points(value, kTail));
  if (!showable(head) || !showable(tail)) return std::string(kMask);
  return std::string(head).append(kGap).append(tail);
}

// One walk over the text, left to right; what was masked is never looked at again in this walk.
class Walk {
 public:
  explicit Walk(string_view text) : text_(text) {}

  // nullopt when nothing had to be masked.
  std::optional<std::string> run();

 private:
  struct Value {
    std::size_t at = 0;        // where the value begins
    bool with_equals = false;  // `=` stood before it
    bool quoted_name = false;  // the name stood in quotes, as in JSON
  };

  char peek(std::size_t at) const { return at < text_.size() ? text_[at] : '\0'; }
  std::size_t skip(std::size_t at, bool (*accept)(char)) const {
    while (at < text_.size() && accept(text_[at])) ++at;
    return at;
  }
  void hide(std::size_t begin, std::size_t end);
  void hide_all_of(std::size_t begin, std::size_t end, string_view instead);
  void word();
  bool credential(std::size_t begin, std::size_t end);
  bool address(std::size_t end);
  bool named_value(std::size_t begin, std::size_t end);
  std::optional<Value> after_name(std::size_t begin, std::size_t end) const;
  std::size_t separator(std::size_t at, bool& with_equals) const;
  void hide_value(string_view name, const Value& value);
  void hide_quoted(std::size_t at, std::size_t escapes);
  void hide_list(std::size_t at);
  void hide_bare(string_view name, const Value& value);
  std::size_t quoted_end(std::size_t at, char mark, std::size_t escapes) const;
  std::size_t bare_end(std::size_t at) const;
  std::size_t line_end(std::size_t at) const;
  bool ends_bare(std::size_t at) const;

  string_view text_;
  std::size_t at_ = 0;
  std::size_t copied_ = 0;
  bool changed_ = false;
  std::string out_;
};

std::optional<std::string> Walk::run() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (is_word_char(c)) {
      word();
    } else if (c == '%' && hex(peek(at_ + 1)) && hex(peek(at_ + 2))) {
      at_ += 3;  // so that a word begins behind %3D
    } else if (c == '\\' && string_view("nrtbf\"'/\\").contains(peek(at_ + 1)) &&
               peek(at_ + 1) != '\0') {
      at_ += 2;  // and behind a literal \n
    } else {
      ++at_;
    }
  }
  if (!changed_) return std::nullopt;
  out_.append(text_.substr(copied_));
  return std::move(out_);
}

void Walk::hide_all_of(std::size_t begin, std::size_t end, string_view instead) {
  at_ = end;
  if (text_.substr(begin, end - begin) == instead) return;
  out_.append(text_.substr(copied_, begin - copied_)).append(instead);
  copied_ = end;
  changed_ = true;
}

void Walk::hide(std::size_t begin, std::size_t end) {
  at_ = end;
  if (begin < end) hide_all_of(begin, end, mask(text_.substr(begin, end - begin)));
}

void Walk::word() {
  const auto begin = at_;
  const auto end = word_end(text_, begin);
  if (const auto shape = find_key_shape(text_, begin, end); !shape.empty()) {
    hide(shape.begin, shape.end);
    // A word that holds a key can still be the name of the next secret: sk-…_token=…
    if (shape.end == end) named_value(begin, end);
    return;
  }
  if (credential(begin, end) || address(end) || named_value(begin, end)) return;
  at_ = end;
}

// `Bearer …` and `Basic …` anywhere.
bool Walk::credential(std::size_t begin, std::size_t end) {
  const auto scheme = text_.substr(begin, end - begin);
  if (!iequals(scheme, "bearer") && !iequals(scheme, "basic")) return false;
  auto value = skip(end, blank);
  if (text_.substr(end).starts_with("%20")) value = end + 3;
  if (value == end) return false;
  const auto stop = bare_end(value);
  const auto secret = text_.substr(value, stop - value);
  if (secret.size() < kShortestCredential || among(kProse, secret)) return false;
  hide(value, stop);
  return true;
}

// scheme://user:password@host
bool Walk::address(std::size_t end) {
  if (!text_.substr(end).starts_with("://")) return false;
  const auto begin = end + 3;
  auto stop = begin;
  while (stop < text_.size() && !space(text_[stop]) && !quote(text_[stop]) &&
         !string_view("/?#<>\\").contains(text_[stop]))
    ++stop;
  const auto authority = text_.substr(begin, stop - begin);
  const auto host = authority.rfind('@');
  const auto colon = authority.find(':');
  if (host == string_view::npos || colon == string_view::npos || colon + 1 >= host) {
    at_ = begin;  // the host is an ordinary word
    return true;
  }
  hide(begin + colon + 1, begin + host);
  return true;
}

bool Walk::named_value(std::size_t begin, std::size_t end) {
  const auto value = after_name(begin, end);
  if (!value) return false;
  const auto name = text_.substr(begin, end - begin);
  if (is_secret_name(name)) {
    hide_value(name, *value);
    return true;
  }
  if (!value->with_equals || !is_key_name(name)) return false;
  const auto open = value->at + (quote(peek(value->at)) ? 1U : 0U);
  const auto stop = open == value->at ? bare_end(open) : quoted_end(open, text_[value->at], 0);
  const bool query = name == "key" && begin > 0 && string_view("?&").contains(text_[begin - 1]);
  if (stop - open < (query ? kQueryKeyLength : kBareKeyLength)) return false;
  hide(open, stop);
  return true;
}

// `:`, `=`, `=>`, `:=`, `==`, `%3D`, `%3A`; the offset behind it, or `at` when there is none.
std::size_t Walk::separator(std::size_t at, bool& with_equals) const {
  const auto rest = text_.substr(at);
  if (rest.starts_with("::") || rest.starts_with("://")) return at;
  if (rest.size() >= 3 && rest[0] == '%' && rest[1] == '3' && (rest[2] | 0x20) == 'd') {
    with_equals = true;
    return at + 3;
  }
  if (rest.starts_with("%3A") || rest.starts_with("%3a")) return at + 3;
  auto end = at;
  while (end < at + 3 && string_view(":=>").contains(peek(end)) && peek(end) != '\0') ++end;
  const auto mark = text_.substr(at, end - at);
  if (mark.starts_with('>')) return at;
  with_equals = mark.contains('=');
  return end;
}

std::optional<Walk::Value> Walk::after_name(std::size_t begin, std::size_t end) const {
  Value value;
  auto at = end;
  const auto mark = skip(at, [](char c) { return c == '\\'; });
  if (quote(peek(mark))) {
    value.quoted_name = true;
    at = mark + 1;
    if (peek(at) == ']') ++at;
  }
  const auto after_blanks = skip(at, value.quoted_name ? space : blank);
  const auto behind = separator(after_blanks, value.with_equals);
  if (behind != after_blanks) {
    value.at = skip(behind, value.quoted_name ? space : blank);
    return value;
  }
  // --token VALUE
  if (text_.substr(begin).starts_with("--") && after_blanks > end && peek(after_blanks) != '-') {
    value.at = after_blanks;
    value.with_equals = true;
    return value;
  }
  return std::nullopt;
}

void Walk::hide_value(string_view name, const Value& value) {
  const auto mark = skip(value.at, [](char c) { return c == '\\'; });
  if (quote(peek(mark))) return hide_quoted(mark, mark - value.at);
  if (peek(value.at) == '[') return hide_list(value.at);
  if (peek(value.at) == '{') {
    at_ = value.at;  // the names inside speak for themselves
    return;
  }
  hide_bare(name, value);
}

// `at` is the opening mark; `escapes` backslashes stood before it (JSON inside a JSON string).
void Walk::hide_quoted(std::size_t at, std::size_t escapes) {
  const auto begin = at + 1;
  const auto end = quoted_end(begin, text_[at], escapes);
  const auto content = text_.substr(begin, end - begin);
  if (among(kStates, content)) {
    at_ = end;
    return;
  }
  const auto blank_at = content.find(' ');
  if (blank_at != string_view::npos && is_scheme(content.substr(0, blank_at)))
    return hide(begin + blank_at + 1, end);
  hide(begin, end);
}

// A flat list: every quoted text in it.
void Walk::hide_list(std::size_t at) {
  ++at;
  for (;;) {
    while (at < text_.size() && (space(text_[at]) || text_[at] == ',')) ++at;
    const auto mark = skip(at, [](char c) { return c == '\\'; });
    if (!quote(peek(mark))) break;
    hide_quoted(mark, mark - at);
    at = at_;
    while (peek(at) == '\\') ++at;
    if (!quote(peek(at))) break;
    ++at;
  }
  at_ = std::max(at_, at);
}

void Walk::hide_bare(string_view name, const Value& value) {
  auto begin = value.at;
  auto end = bare_end(begin);
  const auto first = text_.substr(begin, end - begin);
  const bool header = !value.quoted_name && !value.with_equals && is_secret_header(name);
  if (is_scheme(first) && (blank(peek(end)) || text_.substr(end).starts_with("%20"))) {
    begin = skip(end, blank);
    end = bare_end(begin);
  } else if (among(kStates, first)) {
    at_ = end;
    return;
  }
  if (header) end = line_end(begin);
  // In JSON a bare number must stay a value: null.
  const bool number =
      value.quoted_name && first.find_first_not_of("0123456789+-.eE") == string_view::npos;
  if (number && !first.empty()) return hide_all_of(begin, end, "null");
  hide(begin, end);
}

std::size_t Walk::quoted_end(std::size_t at, char mark, std::size_t escapes) const {
  std::size_t run = 0;
  for (; at < text_.size(); ++at) {
    if (text_[at] == '\\') {
      ++run;
      continue;
    }
    const bool closes = escapes == 0 ? run % 2 == 0 : run <= escapes;
    if (text_[at] == mark && closes) return at - (escapes == 0 ? 0 : run);
    run = 0;
  }
  return text_.size();
}

// Does an unquoted value end at the comma or semicolon there? Only when another `name=` follows or
// a blank does: passwords hold such characters too.
bool Walk::ends_bare(std::size_t at) const {
  constexpr std::size_t kLongestNext = 64;
  auto next = at + 1;
  if (next >= text_.size() || space(text_[next]) || quote(text_[next])) return true;
  const auto limit = std::min(text_.size(), next + kLongestNext);
  while (next < limit && is_word_char(text_[next])) ++next;
  return next > at + 1 && (peek(next) == '=' || peek(next) == ':');
}

std::size_t Walk::bare_end(std::size_t at) const {
  const auto begin = at;
  for (; at < text_.size(); ++at) {
    const char c = text_[at];
    if (space(c) || quote(c) || c == '&' || c == '<' || c == '>') break;
    if (c == '\\' && string_view("nrtu\"'`").contains(peek(at + 1)) && peek(at + 1) != '\0') break;
    if ((c == ',' || c == ';') && ends_bare(at)) break;
  }
  while (at > begin && string_view(")]}.,;").contains(text_[at - 1])) --at;
  return at;
}

std::size_t Walk::line_end(std::size_t at) const {
  for (; at < text_.size(); ++at) {
    const char c = text_[at];
    if (c == '\n' || c == '\r' || quote(c)) break;
    if (c == '\\' && string_view("nr\"'").contains(peek(at + 1)) && peek(at + 1) != '\0') break;
  }
  return at;
}

}  // namespace

std::string redact(string_view text) {
  std::string current(text);
  // What a mask leaves visible may stand beside something that only now reads as a name or a key:
  // walk until nothing changes. Nearly every line is done after the first walk.
  for (int pass = 0; pass < kMaxPasses; ++pass) {
    const bool removed = remove_private_keys(current);
    auto next = Walk(current).run();
    if (!next && !removed) break;
    if (next) current = std::move(*next);
  }
  return current;
}

}  // namespace carapace::log

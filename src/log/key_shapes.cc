#include "log/key_shapes.h"

#include <algorithm>
#include <array>

namespace carapace::log {
namespace {

using std::string_view;

struct Shape {
  string_view prefix;
  std::size_t min_tail;  // characters after the prefix that make it a key and not a word
};

constexpr std::array kShapes{
    Shape{"sk-", 8},    Shape{"sk_live_", 8}, Shape{"sk_test_", 8},    Shape{"rk_live_", 8},
    Shape{"whsec_", 8}, Shape{"ghp_", 12},    Shape{"gho_", 12},       Shape{"ghu_", 12},
    Shape{"ghs_", 12},  Shape{"ghr_", 12},    Shape{"github_pat_", 8}, Shape{"glpat-", 8},
    Shape{"xapp-", 8},  Shape{"gsk_", 12},    Shape{"AIza", 16},       Shape{"pplx-", 8},
    Shape{"npm_", 12},  Shape{"hf_", 16},     Shape{"AKIA", 16},       Shape{"ASIA", 16},
};

constexpr std::size_t kBotDigits = 6;
constexpr std::size_t kBotTail = 20;
constexpr std::size_t kJwtPart = 8;
constexpr std::size_t kUnknownKeyTail = 32;

constexpr bool digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool lower(char c) { return c >= 'a' && c <= 'z'; }

// End of the key at `at` by the table; `at` itself when none is there.
std::size_t prefixed(string_view text, std::size_t at) {
  const auto rest = text.substr(at);
  for (const auto& shape : kShapes) {
    if (!rest.starts_with(shape.prefix)) continue;
    const auto end = word_end(text, at + shape.prefix.size());
    if (end - at - shape.prefix.size() >= shape.min_tail) return end;
  }
  // xoxb-, xoxp-, xoxa- …: one letter says whose token it is.
  if (rest.size() > 5 && rest.starts_with("xox") && lower(rest[3]) && rest[4] == '-') {
    const auto end = word_end(text, at + 5);
    if (end - at - 5 >= 8) return end;
  }
  return at;
}

// header.payload.signature, each base64url; the header of a JSON one always begins with eyJ.
std::size_t signed_token(string_view text, std::size_t at) {
  if (!text.substr(at).starts_with("eyJ")) return at;
  auto end = word_end(text, at);
  if (end - at < kJwtPart || end >= text.size() || text[end] != '.') return at;
  const auto payload = end + 1;
  end = word_end(text, payload);
  if (end - payload < kJwtPart) return at;
  return end < text.size() && text[end] == '.' ? word_end(text, end + 1) : end;
}

// `digits:token`, also behind letters as in a bot's address. The word is [begin, end).
Span bot_token(string_view text, std::size_t begin, std::size_t end) {
  auto digits = end;
  while (digits > begin && digit(text[digits - 1])) --digits;
  if (end - digits < kBotDigits) return {};
  auto tail = end;
  if (text.substr(end).starts_with(':')) tail = end + 1;
  if (text.substr(end).starts_with("%3A") || text.substr(end).starts_with("%3a")) tail = end + 3;
  if (tail == end) return {};
  const auto stop = word_end(text, tail);
  return stop - tail >= kBotTail ? Span{digits, stop} : Span{};
}

// A short word in lower case and a long tail of mixed letters and digits, as in `abc-4fG7…`: what
// keys of vendors that the table does not know look like.
bool looks_random(string_view tail) {
  return tail.size() >= kUnknownKeyTail && std::ranges::any_of(tail, digit) &&
         std::ranges::any_of(tail, upper) && std::ranges::any_of(tail, lower);
}

bool short_lower(string_view word) {
  return word.size() >= 2 && word.size() <= 8 && std::ranges::all_of(word, lower);
}

std::size_t piece_end(string_view text, std::size_t at, std::size_t end) {
  while (at < end && text[at] != '-' && text[at] != '_') ++at;
  return at;
}

// "RSA PRIVATE KEY-----", "PRIVATE KEY-----", "PGP PRIVATE KEY BLOCK-----" …
bool is_private_label(string_view label) {
  constexpr std::size_t kLongest = 48;
  label = label.substr(0, kLongest);
  const auto close = label.find("-----");
  if (close == string_view::npos) return false;
  label = label.substr(0, close);
  const auto plain = [](char c) { return upper(c) || digit(c) || c == ' '; };
  return label.contains("PRIVATE KEY") && std::ranges::all_of(label, plain);
}

}  // namespace

std::size_t word_end(string_view text, std::size_t at) {
  while (at < text.size() && is_word_char(text[at])) ++at;
  return at;
}

Span find_key_shape(string_view text, std::size_t begin, std::size_t end) {
  if (const auto stop = signed_token(text, begin); stop != begin) return {begin, stop};
  Span before;  // the piece of the word that ends one character before `at`
  for (std::size_t at = begin; at < end;) {
    if (const auto stop = prefixed(text, at); stop != at) return {at, stop};
    const auto stop = piece_end(text, at, end);
    if (short_lower(text.substr(before.begin, before.end - before.begin)) &&
        looks_random(text.substr(at, stop - at)))
      return {before.begin, end};
    before = {at, stop};
    at = stop + 1;
  }
  return bot_token(text, begin, end);
}

bool remove_private_keys(std::string& text) {
  constexpr string_view kBegin = "-----BEGIN ";
  constexpr string_view kEnd = "-----END ";
  constexpr string_view kDashes = "-----";
  std::string out;
  std::size_t copied = 0;
  for (auto at = text.find(kBegin); at != std::string::npos; at = text.find(kBegin, at)) {
    const auto label = at + kBegin.size();
    if (!is_private_label(string_view(text).substr(label))) {
      at = label;
      continue;
    }
    out.append(text, copied, at - copied).append(kRemovedKey);
    const auto last = text.find(kEnd, label);
    const auto dashes = last == std::string::npos ? last : text.find(kDashes, last + kEnd.size());
    at = copied = dashes == std::string::npos ? text.size() : dashes + kDashes.size();
  }
  if (out.empty()) return false;
  text = out.append(text, copied);
  return true;
}

}  // namespace carapace::log

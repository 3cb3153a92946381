#include "log/secret_name.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/text.h"
#include "log/redact.h"

namespace carapace::log {
namespace {

using std::string_view;

constexpr std::size_t kLongestName = 128;
constexpr std::size_t kMaxWords = 16;

// A word of a name that ends in one of these names a secret: botToken, x-api-key, DB_PASSWORD.
constexpr std::array<string_view, 16> kStems{
    "token",      "secret",     "secrets",    "password",    "passwords",     "passwd",
    "passphrase", "passcode",   "credential", "credentials", "authorization", "cookie",
    "cookies",    "privatekey", "accesskey",  "apikey"};
// …unless the next word says that it is about the secret: tokenCount, token_type, passwordFile.
constexpr std::array<string_view, 44> kAbout{
    "count",  "counts",  "limit",   "limits",     "budget",     "usage",    "used",     "type",
    "types",  "length",  "len",     "window",     "rate",       "price",    "cost",     "ttl",
    "expiry", "expires", "expired", "expiration", "file",       "path",     "name",     "env",
    "source", "mode",    "url",     "uri",        "endpoint",   "required", "missing",  "mismatch",
    "size",   "bucket",  "index",   "valid",      "configured", "present",  "estimate", "estimates",
    "delta",  "ids",     "per",     "store"};
// Before a single "token" these speak of counting: max_token, totalToken.
constexpr std::array<string_view, 12> kCounting{"max",        "min",    "num",     "total",
                                                "input",      "output", "prompt",  "reasoning",
                                                "completion", "cached", "context", "per"};
// Before "key" these say what it opens.
constexpr std::array<string_view, 17> kKeyKinds{
    "api",  "private", "access", "signing", "encryption", "master", "account", "shared",  "service",
    "auth", "hmac",    "ssh",    "storage", "client",     "deploy", "license", "recovery"};

template <std::size_t N>
bool among(const std::array<string_view, N>& list, string_view word) {
  return std::ranges::any_of(list, [word](string_view entry) { return iequals(entry, word); });
}

constexpr bool upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool letter_or_digit(char c) { return upper(c) || lower(c) || digit(c); }

bool iends_with(string_view word, string_view end) {
  return word.size() >= end.size() && iequals(word.substr(word.size() - end.size()), end);
}

// The words of snake_case, kebab-case, camelCase and ACRONYMCase names, at most kMaxWords.
class Words {
 public:
  explicit Words(string_view name) {
    if (name.size() > kLongestName) name.remove_prefix(name.size() - kLongestName);
    std::size_t begin = 0;
    for (std::size_t i = 0; i <= name.size(); ++i) {
      if (i < name.size() && letter_or_digit(name[i]) && !starts_word(name, i)) continue;
      add(name.substr(begin, i - begin));
      begin = i < name.size() && !letter_or_digit(name[i]) ? i + 1 : i;
    }
  }
  std::size_t size() const { return count_; }
  string_view operator[](std::size_t i) const { return words_.at(i); }
  string_view back() const { return count_ == 0 ? string_view() : words_.at(count_ - 1); }

 private:
  static bool starts_word(string_view name, std::size_t i) {
    if (i == 0 || !upper(name[i])) return false;
    const bool hump = lower(name[i - 1]) || digit(name[i - 1]);
    const bool after_acronym = upper(name[i - 1]) && i + 1 < name.size() && lower(name[i + 1]);
    return hump || after_acronym;
  }
  void add(string_view word) {
    if (!word.empty() && count_ < kMaxWords) words_.at(count_++) = word;
  }

  std::array<string_view, kMaxWords> words_;
  std::size_t count_ = 0;
};

bool names_secret(const Words& words, std::size_t i) {
  const auto word = words[i];
  const auto next = i + 1 < words.size() ? words[i + 1] : string_view();
  if (among(kAbout, next)) return false;
  if ((iequals(word, "key") || iequals(word, "keys")) && i > 0)
    return among(kKeyKinds, words[i - 1]);
  if (iequals(word, "token") && i > 0 && among(kCounting, words[i - 1])) return false;
  return std::ranges::any_of(kStems, [word](string_view stem) { return iends_with(word, stem); });
}

}  // namespace

bool is_secret_name(string_view key) {
  const Words words(key);
  for (std::size_t i = 0; i < words.size(); ++i)
    if (names_secret(words, i)) return true;
  return false;
}

bool is_key_name(string_view key) {
  const Words words(key);
  if (!iends_with(words.back(), "key")) return false;
  return !iequals(words.back(), "publickey") &&
         (words.size() < 2 || !iequals(words[words.size() - 2], "public"));
}

bool is_secret_header(string_view key) {
  const Words words(key);
  return iequals(words.back(), "authorization") || iequals(words.back(), "cookie");
}

}  // namespace carapace::log

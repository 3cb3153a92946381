#include "provider/surrogate_carry.h"

#include "base/json.h"
#include "base/text.h"

namespace carapace::provider {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
// Unit 0xD800+n is marked as U+10F800+n: 2048 code points whose UTF-8 starts with F4 8F [A0-BF].
constexpr std::uint32_t kMarkBase = 0x10f800;

std::optional<std::uint32_t> escape_at(std::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text.substr(at + 2, 4)) {
    const int nibble = c >= '0' && c <= '9'   ? c - '0'
                       : c >= 'a' && c <= 'f' ? c - 'a' + 10
                       : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                              : -1;
    if (nibble < 0) return std::nullopt;
    value = value << 4U | static_cast<std::uint32_t>(nibble);
  }
  return value;
}

bool is_high(std::uint32_t unit) { return unit >= 0xd800 && unit <= 0xdbff; }
bool is_low(std::uint32_t unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

// The surrogate that the four bytes at `at` mark, or 0.
std::uint32_t mark_at(std::string_view text, std::size_t at) {
  if (at + 4 > text.size() || text[at] != '\xF4' || text[at + 1] != '\x8F') return 0;
  const auto third = static_cast<unsigned char>(text[at + 2]);
  const auto fourth = static_cast<unsigned char>(text[at + 3]);
  if (third < 0xa0 || third > 0xbf || fourth < 0x80 || fourth > 0xbf) return 0;
  return 0xd800U + ((third & 0x1fU) << 6U | (fourth & 0x3fU));
}

}  // namespace

std::optional<std::string> mark_surrogates(std::string_view text) {
  std::optional<std::string> out;
  std::size_t copied = 0;
  for (auto i = text.find('\\'); i != std::string_view::npos; i = text.find('\\', i)) {
    const auto unit = escape_at(text, i);
    if (!unit) {
      i += 2;  // another escape: skip what it escapes, so that "\\ud800" stays text
      continue;
    }
    if (is_high(*unit)) {
      const auto next = escape_at(text, i + 6);
      if (next && is_low(*next)) {
        i += 12;
        continue;
      }
    } else if (!is_low(*unit)) {
      i += 6;
      continue;
    }
    if (!out) out.emplace();
    out->append(text.substr(copied, i - copied));
    append_utf8(*out, kMarkBase + (*unit - 0xd800U));
    i += 6;
    copied = i;
  }
  if (out) out->append(text.substr(copied));
  return out;
}

Result<json::value> parse_event(std::string_view text, bool& marked) {
  const auto with_marks = mark_surrogates(text);
  marked = with_marks.has_value();
  const std::string_view readable = marked ? std::string_view(*with_marks) : text;
  auto value = parse_json(readable);
  if (!value && !is_valid_utf8(readable)) value = parse_json(sanitize_utf8(readable));
  if (!value)
    return fail(Errc::unavailable, "the provider sent an event that is {}", value.error().detail);
  return value;
}

std::string SurrogateCarry::take(std::string_view delta, bool marked) {
  if (!marked && pending_ == 0) return std::string(delta);
  std::string out;
  out.reserve(delta.size() + 4);
  for (std::size_t i = 0; i < delta.size();) {
    const auto unit = marked ? mark_at(delta, i) : 0U;
    if (is_low(unit) && pending_ != 0) {
      append_utf8(out, 0x10000U + ((pending_ - 0xd800U) << 10U) + (unit - 0xdc00U));
      pending_ = 0;
      i += 4;
      continue;
    }
    out += finish();
    if (unit == 0) {
      out += delta[i++];
      continue;
    }
    if (is_high(unit)) {
      pending_ = unit;
    } else {
      out += kReplacement;
    }
    i += 4;
  }
  return out;
}

std::string SurrogateCarry::finish() {
  if (pending_ == 0) return {};
  pending_ = 0;
  return std::string(kReplacement);
}

}  // namespace carapace::provider

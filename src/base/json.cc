#include "base/json.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace carapace {
namespace {

std::optional<std::uint32_t> escape_at(std::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return std::nullopt;
  std::uint32_t value = 0;
  for (std::size_t i = at + 2; i < at + 6; ++i) {
    const char c = text[i];
    const int nibble = c >= '0' && c <= '9'   ? c - '0'
                       : c >= 'a' && c <= 'f' ? c - 'a' + 10
                       : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                              : -1;
    if (nibble < 0) return std::nullopt;
    value = value << 4U | static_cast<std::uint32_t>(nibble);
  }
  return value;
}

// Boost.JSON reads 1e999 as infinity and 0e99999 as NaN, and writes them back as words that are no
// JSON. Only an exponent of three digits or hundreds of digits can do that, so the tree is rarely
// walked.
bool may_overflow(std::string_view text) {
  constexpr std::size_t kManyDigits = 300;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  std::size_t run = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    run = digit(text[i]) ? run + 1 : 0;
    if (run == kManyDigits) return true;
    if ((text[i] != 'e' && text[i] != 'E') || i == 0 || !digit(text[i - 1])) continue;
    const auto first =
        i + 1 < text.size() && (text[i + 1] == '+' || text[i + 1] == '-') ? i + 2 : i + 1;
    const auto exponent = text.substr(std::min(first, text.size()), 3);
    if (exponent.size() == 3 && std::ranges::all_of(exponent, digit)) return true;
  }
  return false;
}

bool all_finite(const json::value& value) {
  if (const auto* number = value.if_double()) return std::isfinite(*number);
  if (const auto* list = value.if_array()) return std::ranges::all_of(*list, all_finite);
  if (const auto* object = value.if_object())
    return std::ranges::all_of(*object,
                               [](const auto& member) { return all_finite(member.value()); });
  return true;
}

bool is_high(std::uint32_t unit) { return unit >= 0xd800 && unit <= 0xdbff; }
bool is_low(std::uint32_t unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

}  // namespace

std::optional<std::string> mend_surrogates(std::string_view text) {
  std::optional<std::string> out;
  std::size_t copied = 0;
  for (std::size_t i = text.find('\\'); i != std::string_view::npos; i = text.find('\\', i)) {
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
    out->append(text.substr(copied, i - copied)).append("\\ufffd");
    i += 6;
    copied = i;
  }
  if (out) out->append(text.substr(copied));
  return out;
}

Result<json::value> parse_json(std::string_view text, JsonLimits limits,
                               json::storage_ptr storage) {
  if (text.size() > limits.max_bytes)
    return fail(Errc::too_large, "JSON text of {} bytes is over the limit of {}", text.size(),
                limits.max_bytes);
  json::parse_options options;
  options.max_depth = limits.max_depth;
  boost::system::error_code error;
  auto value = json::parse(text, error, storage, options);
  if (error) {
    if (const auto mended = mend_surrogates(text)) {
      error = {};
      value = json::parse(*mended, error, storage, options);
    }
  }
  if (error) return fail(Errc::invalid_request, "not valid JSON: {}", error.message());
  if (may_overflow(text) && !all_finite(value))
    return fail(Errc::invalid_request, "not valid JSON: a number is out of range");
  return value;
}

std::string dump_json(const json::value& value) { return json::serialize(value); }
std::string dump_json(const json::object& value) { return json::serialize(value); }

const json::value* find(const json::object& object, std::string_view key) {
  return object.if_contains(key);
}

const json::object* find_object(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value ? value->if_object() : nullptr;
}

const json::array* find_array(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value ? value->if_array() : nullptr;
}

std::optional<std::string_view> find_string(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (!value || !value->is_string()) return std::nullopt;
  return std::string_view(value->get_string());
}

std::optional<std::int64_t> as_int(const json::value& value) {
  if (const auto* i = value.if_int64()) return *i;
  if (const auto* u = value.if_uint64()) {
    if (*u > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
    return static_cast<std::int64_t>(*u);
  }
  if (const auto* d = value.if_double()) {
    if (std::floor(*d) == *d && std::abs(*d) < 9.0e15) return static_cast<std::int64_t>(*d);
  }
  return std::nullopt;
}

std::optional<std::int64_t> find_int(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value ? as_int(*value) : std::nullopt;
}

std::optional<double> find_number(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (!value || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

std::optional<bool> find_bool(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (!value || !value->is_bool()) return std::nullopt;
  return value->get_bool();
}

std::string string_or(const json::object& object, std::string_view key, std::string_view fallback) {
  return std::string(find_string(object, key).value_or(fallback));
}

}  // namespace carapace

#include "config/check/value.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/json.h"
#include "base/text.h"
#include "config/text/near_name.h"
#include "config/text/substitute.h"

namespace carapace::config {

using std::string_view;

namespace {

constexpr double kMostExact = 9007199254740991.0;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// As the ancestor counts characters.
std::size_t utf16_length(string_view text) {
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0U) != 0x80U) units += byte >= 0xf0U ? 2 : 1;
  }
  return units;
}

bool is_color(string_view text) {
  if (text.starts_with('#')) text.remove_prefix(1);
  return text.size() == 6 && std::ranges::all_of(text, [](char c) {
           return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
         });
}

string_view wanted(FieldType type) {
  switch (type) {
    case FieldType::boolean: return "true or false";
    case FieldType::integer: return "a whole number";
    case FieldType::number: return "a number";
    case FieldType::text: return "text";
    case FieldType::duration: return R"(a length of time such as "30m")";
    case FieldType::color: return R"(a color such as "#1a2b3c")";
    case FieldType::text_list: return "a list of texts";
    case FieldType::list: return "a list";
    case FieldType::object_list: return "a list of objects";
    case FieldType::object:
    case FieldType::map: return "an object";
    case FieldType::any: return "anything";
  }
  return "";
}

string_view wire_wanted(FieldType type) {
  switch (type) {
    case FieldType::boolean: return "boolean";
    case FieldType::integer:
    case FieldType::number: return "number";
    case FieldType::text:
    case FieldType::duration:
    case FieldType::color: return "string";
    case FieldType::text_list:
    case FieldType::list:
    case FieldType::object_list: return "array";
    case FieldType::object: return "object";
    case FieldType::map: return "record";
    case FieldType::any: return "unknown";
  }
  return "";
}

// The shape alone, without bounds and choices.
bool fits(FieldType type, const json::value& value) {
  switch (type) {
    case FieldType::boolean: return value.is_bool();
    case FieldType::integer: return as_int(value).has_value();
    case FieldType::number: return value.is_number();
    case FieldType::text:
    case FieldType::duration:
    case FieldType::color: return value.is_string();
    case FieldType::text_list:
    case FieldType::list:
    case FieldType::object_list: return value.is_array();
    case FieldType::object:
    case FieldType::map: return value.is_object();
    case FieldType::any: return true;
  }
  return false;
}

std::string shown_number(double number) {
  if (std::isfinite(number) && std::abs(number) <= kMostExact &&
      number == static_cast<double>(static_cast<std::int64_t>(number)))
    return fmt::format("{}", static_cast<std::int64_t>(number));
  return fmt::format("{}", number);
}

bool is_text_type(FieldType type) {
  return type == FieldType::text || type == FieldType::duration || type == FieldType::color;
}

std::string or_also(const FieldRow& row) {
  std::string out(wanted(row.type));
  if (row.also) out += fmt::format(" or {}", wanted(*row.also));
  return out;
}

std::string wire_of_other(string_view wanted, string_view found) {
  return fmt::format("Invalid input: expected {}, received {}", wanted, found);
}

Problem wrong_type(const FieldRow& row, const json::value& value) {
  const bool quotes = is_text_type(row.type) && !row.also && !value.is_structured();
  Problem out{.message = fmt::format("must be {}, not {}{}.", or_also(row), kind_of(value),
                                     quotes ? ": put it in quotes" : ""),
              .wire = "Invalid input"};
  if (row.also) return out;
  if (!row.one_of.empty() && is_text_type(row.type)) {
    out.wire = fmt::format("Invalid option: expected one of \"{}\"",
                           replace_all(std::string(row.one_of), "|", "\"|\""));
    return out;
  }
  const bool whole =
      row.type == FieldType::integer && value.is_double() && std::isfinite(value.get_double());
  if (whole && std::abs(value.get_double()) > kMostExact) {
    const bool big = value.get_double() > 0;
    out.wire = fmt::format("Too {}: expected int to be {}={}{}", big ? "big" : "small",
                           big ? '<' : '>', big ? "" : "-", shown_number(kMostExact));
    return out;
  }
  out.wire = wire_of_other(whole ? "int" : wire_wanted(row.type), wire_kind_of(value));
  return out;
}

std::optional<Problem> wrong_choice(const FieldRow& row, string_view text) {
  const auto choices = split(row.one_of, '|');
  if (std::ranges::find(choices, text) != choices.end()) return std::nullopt;
  const auto near = row.secret ? std::nullopt : nearest(text, choices);
  if (row.fixed)
    return Problem{
        .message = fmt::format("is always {}; what stands here does not count.", row.fallback),
        .wire = fmt::format("Invalid input: expected {}", row.fallback),
        .warning = true};
  return Problem{.message = fmt::format("must be one of {}{}.",
                                        replace_all(std::string(row.one_of), "|", ", "),
                                        near ? fmt::format(" (did you mean \"{}\"?)", *near) : ""),
                 .wire = row.also
                             ? std::string("Invalid input")
                             : fmt::format("Invalid option: expected one of \"{}\"",
                                           replace_all(std::string(row.one_of), "|", "\"|\""))};
}

std::string wire_bound(const FieldRow& row, bool small, double bound, string_view what,
                       string_view unit) {
  // Whole numbers from one on are "positive" to the ancestor, and so is what has no first value.
  const bool above_zero = small && unit.empty() &&
                          ((row.type == FieldType::integer && bound == 1) || bound < 1e-300) &&
                          bound > 0;
  if (above_zero) return fmt::format("Too small: expected {} to be >0", what);
  return fmt::format("Too {}: expected {} to {} {}={}{}{}", small ? "small" : "big", what,
                     unit.empty() ? "be" : "have", small ? '>' : '<', shown_number(bound),
                     unit.empty() ? "" : " ", unit);
}

std::optional<Problem> wrong_number(const FieldRow& row, double number) {
  if (number >= row.min && number <= row.max) return std::nullopt;  // NaN fails both
  const auto shown = std::isfinite(number) ? shown_number(number) : fmt::format("{}", number);
  Problem out;
  const auto least = row.min > 0 && row.min < 1e-300 ? "more than 0" : shown_number(row.min);
  if (row.max >= kMostExact && number < row.min) {
    out.message = row.min > 0 && row.min < 1e-300
                      ? fmt::format("must be more than 0, not {}.", shown)
                      : fmt::format("must be at least {}, not {}.", least, shown);
  } else {
    out.message =
        fmt::format("must be between {} and {}, not {}.", least, shown_number(row.max), shown);
  }
  out.wire = std::isfinite(number) ? wire_bound(row, number < row.min,
                                                number < row.min ? row.min : row.max, "number", "")
                                   : fmt::format("Invalid input: expected number, received {}",
                                                 std::isnan(number) ? "NaN" : "Infinity");
  return out;
}

std::optional<Problem> wrong_size(const FieldRow& row, std::size_t size, string_view what,
                                  string_view unit, string_view our_unit) {
  const auto count = static_cast<double>(size);
  if (count >= row.min && count <= row.max) return std::nullopt;
  const bool small = count < row.min;
  return Problem{.message = small ? fmt::format("must have at least {} {}, not {}.",
                                                shown_number(row.min), our_unit, size)
                                  : fmt::format("must have at most {} {}, not {}.",
                                                shown_number(row.max), our_unit, size),
                 .wire = wire_bound(row, small, small ? row.min : row.max, what, unit)};
}

std::optional<Problem> wrong_text(const FieldRow& row, string_view text) {
  if (!row.one_of.empty()) return wrong_choice(row, text);
  if (row.type == FieldType::duration && !is_duration(text))
    return Problem{
        .message = fmt::format("must be {}{}.", wanted(row.type), " (units ms, s, m, h, d)"),
        .wire = "invalid duration (use ms, s, m, h)"};
  if (row.type == FieldType::color && !is_color(text))
    return Problem{.message = fmt::format("must be {}.", wanted(row.type)),
                   .wire = "expected hex color (RRGGBB)"};
  if (row.min == row.max || has_reference(text)) return std::nullopt;
  return wrong_size(row, utf16_length(text), "string", "characters", "characters");
}

std::optional<Problem> wrong_item(const FieldRow& row, const json::array& list,
                                  std::optional<std::size_t>& item) {
  const bool texts = row.type == FieldType::text_list;
  if (!texts && row.type != FieldType::object_list) return std::nullopt;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto& one = list[i];
    if (texts ? one.is_string() : one.is_object()) continue;
    item = i;
    return Problem{
        .message = fmt::format("must be {}, not {}{}.", texts ? "text" : "an object", kind_of(one),
                               texts && !one.is_structured() ? ": put it in quotes" : ""),
        .wire = fmt::format("Invalid input: expected {}, received {}", texts ? "string" : "object",
                            wire_kind_of(one))};
  }
  return std::nullopt;
}

}  // namespace

string_view kind_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: return "null";
    case json::kind::bool_: return "true or false";
    case json::kind::string: return "text";
    case json::kind::array: return "a list";
    case json::kind::object: return "an object";
    default: return "a number";
  }
}

string_view wire_kind_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null: return "null";
    case json::kind::bool_: return "boolean";
    case json::kind::string: return "string";
    case json::kind::array: return "array";
    case json::kind::object: return "object";
    default: break;
  }
  if (!value.is_double() || std::isfinite(value.get_double())) return "number";
  return std::isnan(value.get_double()) ? "NaN" : "Infinity";
}

bool is_duration(string_view text) {
  constexpr std::array<string_view, 5> kUnits{"ms", "s", "m", "h", "d"};
  text = trim(text);
  if (text.empty()) return false;
  while (!text.empty()) {
    std::size_t digits = 0;
    while (digits < text.size() && (is_digit(text[digits]) || text[digits] == '.')) ++digits;
    const auto number = text.substr(0, digits);
    if (number.empty() || std::ranges::count(number, '.') > 1 || !is_digit(number.front()) ||
        !is_digit(number.back()))
      return false;
    text = trim(text.substr(digits));
    if (text.empty()) return true;
    const auto lower = to_lower(text.substr(0, 2));
    const auto unit =
        std::ranges::find_if(kUnits, [&lower](string_view one) { return lower.starts_with(one); });
    if (unit == kUnits.end()) return false;
    text = trim(text.substr(unit->size()));
  }
  return true;
}

std::string wire_of_missing(const FieldRow& row) {
  return wire_of_other(wire_wanted(row.type), "undefined");
}

std::optional<Problem> problem_of(const FieldRow& row, const json::value& value,
                                  std::optional<std::size_t>& item) {
  if (!fits(row.type, value) && !(row.also && fits(*row.also, value)))
    return wrong_type(row, value);
  if (const auto* text = value.if_string()) return wrong_text(row, *text);
  if (const auto* list = value.if_array()) {
    if (auto wrong = wrong_item(row, *list, item)) return wrong;
    return row.min == row.max ? std::nullopt
                              : wrong_size(row, list->size(), "array", "items", "items");
  }
  if (value.is_number() && row.min != row.max) return wrong_number(row, value.to_number<double>());
  return std::nullopt;
}

}  // namespace carapace::config

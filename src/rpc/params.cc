#include "rpc/params.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/json.h"
#include "base/text.h"

namespace carapace::rpc {
namespace {

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

// JSON pointer escapes: a client may name a property as it likes.
std::string pointer(const std::string& base, std::string_view name) {
  return base + "/" + replace_all(replace_all(std::string(name), "~", "~0"), "/", "~1");
}

class Judge {
 public:
  void object(const std::string& at, std::span<const ParamRow> rows, const json::value& value) {
    const auto* object = value.if_object();
    if (!object) return say(at, "must be object");
    for (const auto& row : rows)
      if (row.required && !object->contains(row.name))
        say(at, fmt::format("must have required property '{}'", row.name));
    for (const auto& member : *object) {
      const std::string_view key = member.key();
      if (std::ranges::none_of(rows, [key](const ParamRow& row) { return row.name == key; }))
        say_text(fmt::format("at {}: unexpected property '{}'", at.empty() ? "root" : at,
                             ellipsize(key, kNamedCharacters)));
    }
    for (const auto& row : rows)
      if (const auto* found = object->if_contains(row.name))
        property(pointer(at, row.name), row, *found);
  }

  std::string text() const { return join(found_, "; "); }

 private:
  void property(const std::string& at, const ParamRow& row, const json::value& value) {
    if (!row.nullable) return typed(at, row, value);
    if (value.is_null()) return;
    const auto before = found_.size();
    typed(at, row, value, true);
    if (found_.size() == before) return;
    // A choice is a union of its own; with null beside it there is still only one union to miss.
    say(at, "must be null");
    say(at, "must match a schema in anyOf");
  }

  void typed(const std::string& at, const ParamRow& row, const json::value& value,
             bool inside_union = false) {
    switch (row.type) {
      case ParamType::any: return;
      case ParamType::text: return characters_of(at, row, value);
      case ParamType::integer:
      case ParamType::number: return number(at, row, value);
      case ParamType::boolean: return value.is_bool() ? void() : say(at, "must be boolean");
      case ParamType::constant:
      case ParamType::choice: return choice(at, row, value, inside_union);
      case ParamType::texts:
      case ParamType::list: return array(at, row, value);
      case ParamType::object: return object(at, {row.fields, row.field_count}, value);
      case ParamType::flags: return flags(at, value);
    }
  }

  void characters_of(const std::string& at, const ParamRow& row, const json::value& value) {
    const auto* text = value.if_string();
    if (!text) return say(at, "must be string");
    const auto length = static_cast<std::int64_t>(characters(*text));
    if (length > row.max) say(at, fmt::format("must NOT have more than {} characters", row.max));
    if (length < row.min) say(at, fmt::format("must NOT have fewer than {} characters", row.min));
  }

  // Bounds are compared for every number, so that 0.5 can be "no integer" and "too small" at once.
  void number(const std::string& at, const ParamRow& row, const json::value& value) {
    const bool integral = row.type == ParamType::integer;
    if (!value.is_number()) return say(at, integral ? "must be integer" : "must be number");
    const double number = value.to_number<double>();
    if (integral && (!std::isfinite(number) || std::floor(number) != number))
      say(at, "must be integer");
    if (row.max != kNoMax && number > static_cast<double>(row.max))
      say(at, fmt::format("must be <= {}", row.max));
    if (row.min != kNoMin && number < static_cast<double>(row.min))
      say(at, fmt::format("must be >= {}", row.min));
  }

  void choice(const std::string& at, const ParamRow& row, const json::value& value,
              bool inside_union) {
    const auto* text = value.if_string();
    const auto allowed = split(row.one_of, '|');
    if (text && std::ranges::find(allowed, std::string_view(*text)) != allowed.end()) return;
    if (!text) say(at, "must be string");
    say(at, "must be equal to constant");
    if (row.type == ParamType::choice && !inside_union) say(at, "must match a schema in anyOf");
  }

  void array(const std::string& at, const ParamRow& row, const json::value& value) {
    const auto* items = value.if_array();
    if (!items) return say(at, "must be array");
    const auto count = static_cast<std::int64_t>(items->size());
    if (count > row.max) say(at, fmt::format("must NOT have more than {} items", row.max));
    if (count < row.min) say(at, fmt::format("must NOT have fewer than {} items", row.min));
    if (row.type != ParamType::texts) return;
    const ParamRow item{.name = {}, .min = row.item_min};
    for (std::size_t i = 0; i < items->size(); ++i)
      characters_of(at + "/" + std::to_string(i), item, (*items)[i]);
  }

  void flags(const std::string& at, const json::value& value) {
    const auto* object = value.if_object();
    if (!object) return say(at, "must be object");
    for (const auto& member : *object)
      if (!member.value().is_bool()) say(pointer(at, member.key()), "must be boolean");
  }

  void say(const std::string& at, std::string_view message) {
    say_text(at.empty() ? std::string(message) : fmt::format("at {}: {}", at, message));
  }
  // A hostile client can break a rule 100 000 times in one frame; nobody reads more than a few.
  void say_text(std::string text) {
    if (found_.size() >= kMaxViolations || std::ranges::find(found_, text) != found_.end()) return;
    found_.push_back(std::move(text));
  }

  static constexpr std::size_t kMaxViolations = 64;
  static constexpr std::size_t kNamedCharacters = 200;
  std::vector<std::string> found_;
};

}  // namespace

std::string check_params(const ParamSchema& schema, const json::value* params) {
  if (schema.anything) return {};
  if (!params) return "must be object";
  Judge judge;
  judge.object("", schema.rows, *params);
  return judge.text();
}

}  // namespace carapace::rpc

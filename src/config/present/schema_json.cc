#include "config/present/schema_json.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "base/make_row.h"
#include "config/explain/explain.h"
#include "config/present/branch.h"
#include "config/present/describe.h"

namespace carapace::config {
namespace {

using std::string_view;

constexpr auto kColor = "^#?[0-9a-fA-F]{6}$";
constexpr auto kDuration =
    R"(^\s*(?=\d)(\d+(\.\d+)?\s*([mM][sS]|[sSmMhHdD])\s*)*(\d+(\.\d+)?)?\s*$)";

json::value exact(double number) {
  const auto whole = static_cast<std::int64_t>(number);
  return static_cast<double>(whole) == number ? json::value(whole) : json::value(number);
}

void put_bounds(json::object& out, const FieldRow& row, string_view least, string_view most) {
  if (row.min == row.max) return;
  if (row.min > 0 && row.min < 1e-300) {
    out["exclusiveMinimum"] = 0;
  } else {
    out[least] = exact(row.min);
  }
  out[most] = exact(row.max);
}

void put_text(json::object& out, const FieldRow& row) {
  out["type"] = "string";
  if (!row.one_of.empty()) {
    json::array choices;
    for (const auto one : split(row.one_of, '|')) choices.emplace_back(one);
    out["enum"] = std::move(choices);
  }
  if (row.type == FieldType::color) out["pattern"] = kColor;
  if (row.type == FieldType::duration) out["pattern"] = kDuration;
  if (row.type == FieldType::text) put_bounds(out, row, "minLength", "maxLength");
}

json::object of_branch(const Branch& branch, bool guarded);

void put_object(json::object& out, const Branch& branch, bool open, bool guarded) {
  out["type"] = "object";
  json::object properties;
  for (const auto& child : branch.children)
    if (child->name != "*") properties[child->name] = of_branch(*child, guarded);
  const auto* any = branch.find("*");
  json::array required;
  for (const auto& child : branch.children)
    if (child->row != nullptr && child->row->required) required.emplace_back(child->name);
  if (!properties.empty()) out["properties"] = std::move(properties);
  if (!required.empty()) out["required"] = std::move(required);
  if (any != nullptr) {
    out["additionalProperties"] = of_branch(*any, guarded);
  } else if (!open) {
    out["additionalProperties"] = false;
  }
}

void put_list(json::object& out, const Branch& branch, FieldType type, bool guarded) {
  out["type"] = "array";
  if (const auto* any = branch.find("*")) {
    out["items"] = of_branch(*any, guarded);
  } else if (type == FieldType::text_list) {
    out["items"] = json::object{{"type", "string"}};
  } else if (type == FieldType::object_list) {
    out["items"] = json::object{{"type", "object"}};
  }
}

json::object of_type(FieldType type, const Branch& branch, bool guarded) {
  json::object out;
  switch (type) {
    case FieldType::boolean: out["type"] = "boolean"; break;
    case FieldType::integer: out["type"] = "integer"; break;
    case FieldType::number: out["type"] = "number"; break;
    case FieldType::text:
    case FieldType::duration:
    case FieldType::color: put_text(out, *branch.row); break;
    case FieldType::text_list:
    case FieldType::list:
    case FieldType::object_list: put_list(out, branch, type, guarded); break;
    case FieldType::object:
    case FieldType::map: put_object(out, branch, branch.children.empty(), guarded); break;
    case FieldType::any: break;
  }
  if (type == FieldType::integer || type == FieldType::number)
    put_bounds(out, *branch.row, "minimum", "maximum");
  if (out.contains("type") && out.at("type") == "array")
    put_bounds(out, *branch.row, "minItems", "maxItems");
  return out;
}

// `guarded`: by something around it.
json::object of_branch(const Branch& branch, bool guarded) {
  if (branch.row == nullptr) {
    json::object out;
    put_object(out, branch, false, guarded);
    return out;
  }
  const auto& row = *branch.row;
  guarded = guarded || row.guarded;
  json::object out;
  if (row.also) {
    out["anyOf"] =
        json::array{of_type(row.type, branch, guarded), of_type(*row.also, branch, guarded)};
  } else {
    out = of_type(row.type, branch, guarded);
  }
  out["description"] = row.description;
  if (!row.fallback.empty()) out["default"] = parse_json(row.fallback).value();
  out["x-reload"] = row.planned ? "planned" : name_of(row.reload);
  if (!row.planned && !row.part.empty()) out["x-part"] = row.part;
  if (guarded || row.secret) out["x-guarded"] = true;
  return out;
}

json::object hint(const FieldRow& row, string_view group, std::size_t order) {
  auto name = row.path.substr(row.path.rfind('.') + 1);
  json::object out{{"label", name == "*" ? "Entry" : label_of(name)},
                   {"help", row.planned ? fmt::format("{} (Changes nothing yet.)", row.description)
                                        : std::string(row.description)},
                   {"group", group},
                   {"order", order}};
  if (!in_use(row)) out["advanced"] = true;
  if (row.secret) out["sensitive"] = true;
  if (row.secret && row.type == FieldType::text) {
    out["placeholder"] = "${NAME}";
  } else if (!row.fallback.empty()) {
    const auto value = parse_json(row.fallback).value();
    out["placeholder"] = value.is_string() ? value.get_string() : json::string(row.fallback);
  }
  return out;
}

}  // namespace

std::string json_schema(const Schema& schema) {
  Branch root;
  for (const auto& row : schema.rows()) root.add(row);
  json::object out{{"$schema", "http://json-schema.org/draft-07/schema#"},
                   {"title", "Configuration of Carapace"}};
  put_object(out, root, false, false);
  return dump_json(out);
}

std::string ui_hints(const Schema& schema) {
  json::object out;
  for (const auto& row : schema.rows()) {
    // An account has the keys of its channel; the schema describes them once more.
    if (row.path.contains(".accounts.*.")) continue;
    const auto section = row.path.substr(0, row.path.find('.'));
    const auto group = label_of(section);
    if (section != row.path && !out.contains(section))
      out[section] = json::object{{"label", group}, {"group", group}, {"order", out.size()}};
    const auto order = out.size();
    if (out.contains(row.path)) continue;
    out[row.path] = hint(row, group, order);
  }
  return dump_json(out);
}

}  // namespace carapace::config

#include "config/schema.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/json.h"
#include "base/text.h"
#include "config/text/near_name.h"
#include "config/text/substitute.h"
#include "log/redact.h"

namespace carapace::config {

using std::string_view;

// One key of the tree that the rows span; `*` is the child for any name or index.
struct Schema::Node {
  const FieldRow* row = nullptr;
  std::map<std::string, std::unique_ptr<Node>, std::less<>> children;

  const Node* child(string_view key) const {
    if (const auto found = children.find(key); found != children.end()) return found->second.get();
    const auto any = children.find(string_view("*"));
    return any == children.end() ? nullptr : any->second.get();
  }
};

namespace {

// What older programs leave in the file for themselves.
bool is_bookkeeping(string_view key) {
  return key == "meta" || key == "wizard" || key == "$schema";
}

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

string_view wanted(FieldType type) {
  switch (type) {
    case FieldType::boolean: return "true or false";
    case FieldType::integer: return "a whole number";
    case FieldType::number: return "a number";
    case FieldType::text: return "text";
    case FieldType::duration: return R"(a length of time such as "30m")";
    case FieldType::text_list: return "a list of texts";
    case FieldType::list: return "a list";
    case FieldType::object: return "an object";
    case FieldType::object_list: return "a list of objects";
    case FieldType::map: return "an object";
    case FieldType::any: return "anything";
  }
  return "";
}

bool fits(FieldType type, const json::value& value) {
  const auto all = [&value](bool (*accept)(const json::value&)) {
    return value.is_array() && std::ranges::all_of(value.get_array(), accept);
  };
  switch (type) {
    case FieldType::boolean: return value.is_bool();
    case FieldType::integer: return as_int(value).has_value();
    case FieldType::number: return value.is_number();
    case FieldType::text:
    case FieldType::duration: return value.is_string();
    case FieldType::list: return value.is_array();
    case FieldType::any: return true;
    case FieldType::text_list: return all([](const json::value& item) { return item.is_string(); });
    case FieldType::object_list:
      return all([](const json::value& item) { return item.is_object(); });
    case FieldType::object:
    case FieldType::map: return value.is_object();
  }
  return false;
}

std::string shown_number(double number) {
  return number == static_cast<double>(static_cast<std::int64_t>(number))
             ? fmt::format("{}", static_cast<std::int64_t>(number))
             : fmt::format("{}", number);
}

// The sentence that is wrong with the value; nullopt when nothing is. A secret is never quoted
// back.
std::optional<std::string> problem(const FieldRow& row, const json::value& value) {
  if (!fits(row.type, value)) {
    const bool quotes = row.type == FieldType::text && !value.is_structured();
    return fmt::format("must be {}, not {}{}.", wanted(row.type), kind_of(value),
                       quotes ? ": put it in quotes" : "");
  }
  if (row.type == FieldType::text && !row.one_of.empty()) {
    const string_view text = value.get_string();
    const auto choices = split(row.one_of, '|');
    if (std::ranges::find(choices, text) == choices.end()) {
      const auto near = row.secret ? std::nullopt : nearest(text, choices);
      return fmt::format("must be one of {}{}.", replace_all(std::string(row.one_of), "|", ", "),
                         near ? fmt::format(" (did you mean \"{}\"?)", *near) : "");
    }
  }
  if (!value.is_number() || row.min == row.max) return std::nullopt;
  const auto number = value.to_number<double>();
  if (number >= row.min && number <= row.max) return std::nullopt;  // NaN fails both
  return fmt::format("must be between {} and {}, not {}.", shown_number(row.min),
                     shown_number(row.max),
                     std::isfinite(number) ? shown_number(number) : fmt::format("{}", number));
}

std::vector<string_view> names_of(const auto& children) {
  std::vector<string_view> names;
  for (const auto& [name, child] : children)
    if (name != "*") names.push_back(name);
  return names;
}

}  // namespace

std::string to_text(const Issue& issue) {
  return issue.path.empty() ? issue.message : fmt::format("{}: {}", issue.path, issue.message);
}

std::vector<WireIssue> wire_issues(std::span<const Issue> issues) {
  std::vector<WireIssue> out;
  for (const auto& issue : issues) out.push_back({issue.path, issue.message});
  return out;
}

Schema::Schema(std::span<const FieldRow> rows) : Schema({rows}) {}

Schema::Schema(std::initializer_list<std::span<const FieldRow>> tables)
    : root_(std::make_unique<Node>()) {
  for (const auto table : tables) rows_.insert(rows_.end(), table.begin(), table.end());
  for (const auto& row : rows_) {
    auto* node = root_.get();
    for (const auto part : split(row.path, '.')) {
      auto& child = node->children[std::string(part)];
      if (!child) child = std::make_unique<Node>();
      node = child.get();
    }
    if (node->row == nullptr) node->row = &row;
  }
}

Schema::~Schema() = default;

namespace {

template <typename Node>
class Validator {
 public:
  explicit Validator(std::vector<Issue>& issues) : issues_(issues) {}

  void value(const Node& node, const json::value& value, const std::string& path) {
    if (value.is_null()) return;
    if (node.row != nullptr) {
      if (auto what = problem(*node.row, value)) {
        issues_.push_back({Severity::error, path, std::move(*what)});
        return;
      }
    }
    if (node.children.empty()) return;
    if (const auto* object = value.if_object()) return members(node, *object, path);
    const auto* list = value.if_array();
    const auto* item = list == nullptr ? nullptr : node.child("*");
    if (item == nullptr) {
      issues_.push_back(
          {Severity::error, path, fmt::format("must be an object, not {}.", kind_of(value))});
      return;
    }
    for (std::size_t i = 0; i < list->size(); ++i)
      this->value(*item, (*list)[i], child_path(path, i));
  }

 private:
  void members(const Node& node, const json::object& object, const std::string& path) {
    for (const auto& member : object) {
      const string_view key = member.key();
      if (path.empty() && is_bookkeeping(key)) continue;
      const auto* child = key == "*" ? nullptr : node.child(key);
      if (child != nullptr) {
        value(*child, member.value(), child_path(path, key));
        continue;
      }
      const auto near = nearest(key, names_of(node.children));
      issues_.push_back({Severity::warning, child_path(path, key),
                         near ? fmt::format("this version does not know the key; did you mean {}?",
                                            child_path(path, *near))
                              : std::string("this version does not know the key and ignores it.")});
    }
  }

  std::vector<Issue>& issues_;
};

}  // namespace

std::vector<Issue> Schema::validate(const json::value& tree) const {
  std::vector<Issue> issues;
  if (!tree.is_object()) {
    issues.push_back({Severity::error, "",
                      fmt::format("the configuration must be an object, not {}.", kind_of(tree))});
    return issues;
  }
  Validator<Node>(issues).value(*root_, tree, "");
  return issues;
}

const FieldRow* Schema::row(const KeyPath& path) const {
  const auto* node = root_.get();
  for (const auto& part : path)
    if (node = node->child(part); node == nullptr) return nullptr;
  return node->row;
}

bool Schema::known(const KeyPath& path) const {
  const auto* node = root_.get();
  for (const auto& part : path) {
    node = node->child(part);
    if (node == nullptr) return false;
    // Below a map or object without rows of its own everything is allowed.
    if (node->children.empty() && node->row != nullptr && node->row->type != FieldType::text) break;
  }
  return true;
}

bool Schema::is_secret(const KeyPath& path) const {
  const auto* node = root_.get();
  for (const auto& part : path) {
    node = node == nullptr ? nullptr : node->child(part);
    if (node != nullptr && node->row != nullptr && node->row->secret) return true;
  }
  // A row that says "not secret" is believed; names decide only where no row does.
  return !path.empty() && (node == nullptr || node->row == nullptr) &&
         log::is_secret_name(path.back());
}

json::value Schema::fallback(const KeyPath& path) const {
  const auto* found = row(path);
  if (found == nullptr || found->fallback.empty()) return nullptr;
  auto value = parse_json(found->fallback);
  CARAPACE_CHECK(value.has_value());
  return std::move(*value);
}

std::optional<std::string> Schema::suggestion(const KeyPath& path) const {
  const auto* node = root_.get();
  std::string out;
  bool changed = false;
  for (const auto& part : path) {
    const auto* child = node->child(part);
    std::string name = part;
    if (child == nullptr) {
      const auto near = nearest(part, names_of(node->children));
      if (!near) return std::nullopt;
      name = *near;
      child = node->child(name);
      changed = true;
    }
    out = child_path(out, name);
    node = child;
  }
  return changed ? std::optional(out) : std::nullopt;
}

namespace {

void redact_value(json::value& value, const Schema& schema, KeyPath& path, bool secret,
                  string_view mask) {
  secret = secret || schema.is_secret(path);
  if (auto* object = value.if_object()) {
    for (auto& member : *object) {
      path.emplace_back(member.key());
      redact_value(member.value(), schema, path, secret, mask);
      path.pop_back();
    }
  } else if (auto* list = value.if_array()) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      path.push_back(std::to_string(i));
      redact_value((*list)[i], schema, path, secret, mask);
      path.pop_back();
    }
  } else if (auto* text = value.if_string()) {
    if (text->empty()) return;
    if (!secret) {
      *text = log::redact(*text);
    } else if (!has_reference(*text)) {
      *text = mask;
    }
  } else if (secret && value.is_number()) {
    value = nullptr;
  }
}

}  // namespace

json::value redacted(const json::value& tree, const Schema& schema, string_view mask) {
  json::value copy = tree;
  KeyPath path;
  redact_value(copy, schema, path, false, mask);
  return copy;
}

}  // namespace carapace::config

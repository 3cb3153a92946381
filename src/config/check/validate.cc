#include <map>

#include "base/json.h"
#include "config/check/node.h"
#include "config/check/rules.h"
#include "config/check/value.h"
#include "config/text/near_name.h"

namespace carapace::config {
namespace {

using std::string_view;

// Guessing what was meant costs more than all the rest; a file with hundreds of unknown keys is of
// another program.
constexpr std::size_t kMostGuesses = 32;

// What older programs leave in the file for themselves.
bool is_bookkeeping(string_view key) {
  return key == "meta" || key == "wizard" || key == "$schema";
}

// The way to a value, written out only when there is something to say about it.
struct Trail {
  const Trail* before = nullptr;
  string_view key = {};
  std::size_t index = 0;
  bool is_index = false;
};

std::string path_of(const Trail* trail) {
  if (trail == nullptr || trail->before == nullptr) return {};
  auto parent = path_of(trail->before);
  return trail->is_index ? child_path(parent, trail->index) : child_path(parent, trail->key);
}

std::string wire_path_of(const Trail* trail) {
  if (trail == nullptr || trail->before == nullptr) return {};
  auto out = wire_path_of(trail->before);
  if (trail->before->before != nullptr) out += '.';
  out += trail->is_index ? std::to_string(trail->index) : std::string(trail->key);
  return out;
}

class Validator {
 public:
  Validator(const SchemaWalk& walk, std::vector<Issue>& issues) : walk_(walk), issues_(issues) {}

  // As deep as the rows, so the depth of the tree is no matter.
  void value(const SchemaWalk::Node& node, const json::value& value, const Trail& trail) {
    if (value.is_null()) return;
    if (node.row != nullptr) {
      std::optional<std::size_t> item;
      if (auto wrong = problem_of(*node.row, value, item)) {
        const Trail inner{.before = &trail, .index = item.value_or(0), .is_index = true};
        return report(std::move(*wrong), item ? inner : trail);
      }
      // The second type of a row is not what its children speak of.
      const bool other = !value.is_structured() && (node.row->also || !node.row->one_of.empty());
      if (node.count == 0 || other) return;
    }
    if (node.count == 0) return;
    if (const auto* object = value.if_object()) return members(node, *object, trail);
    const auto* list = value.if_array();
    const auto* item = list == nullptr ? nullptr : walk_.any(node);
    if (item == nullptr || node.row == nullptr) {
      report(
          {.message = fmt::format("must be an object, not {}.", kind_of(value)),
           .wire = fmt::format("Invalid input: expected object, received {}", wire_kind_of(value))},
          trail);
      return;
    }
    for (std::size_t i = 0; i < list->size(); ++i)
      this->value(*item, (*list)[i], {.before = &trail, .index = i, .is_index = true});
  }

 private:
  void report(Problem&& problem, const Trail& trail) {
    issues_.push_back({.severity = problem.warning ? Severity::warning : Severity::error,
                       .path = path_of(&trail),
                       .message = std::move(problem.message),
                       .wire_path = wire_path_of(&trail),
                       .wire = std::move(problem.wire)});
  }

  // A file may come from a program that asks for less, so what is there is read.
  void missing(const SchemaWalk::Node& node, const json::object& object, const Trail& trail) {
    for (const auto& child : walk_.children(node)) {
      if (child.row == nullptr || !child.row->required) continue;
      if (const auto* found = object.if_contains(child.name); found != nullptr && !found->is_null())
        continue;
      const Trail inner{.before = &trail, .key = child.name};
      report({.message = "is missing; what stands here means nothing without it.",
              .wire = wire_of_missing(*child.row),
              .warning = true},
             inner);
      issues_.back().missing_key = true;
    }
  }

  // Unknown keys come last, as in the ancestor's answers.
  void members(const SchemaWalk::Node& node, const json::object& object, const Trail& trail) {
    std::vector<string_view> unknown;
    for (const auto& member : object) {
      const string_view key = member.key();
      const auto* child = walk_.child(node, key);
      if (child != nullptr) {
        value(*child, member.value(), {.before = &trail, .key = key});
      } else if (trail.before != nullptr || !is_bookkeeping(key)) {
        unknown.push_back(key);
      }
    }
    if (node.demands) missing(node, object, trail);
    if (unknown.empty()) return;
    const auto names = walk_.names(node);
    const auto here = path_of(&trail);
    for (const auto key : unknown) {
      const auto near = ++guesses_ > kMostGuesses ? std::nullopt : nearest(key, names);
      auto path = child_path(here, key);
      issues_.push_back(
          {.severity = Severity::warning,
           .path = std::move(path),
           .message = near ? fmt::format("this version does not know the key; did you mean {}?",
                                         child_path(here, *near))
                           : std::string("this version does not know the key and ignores it."),
           .unknown_key = true,
           .wire_path = wire_path_of(&trail),
           .wire = std::string(key)});
    }
  }

  const SchemaWalk& walk_;
  std::vector<Issue>& issues_;
  std::size_t guesses_ = 0;
};

}  // namespace

std::vector<Issue> Schema::validate(const json::value& tree) const {
  std::vector<Issue> issues;
  if (!tree.is_object()) {
    issues.push_back(
        {.severity = Severity::error,
         .path = {},
         .message = fmt::format("the configuration must be an object, not {}.", kind_of(tree)),
         .wire = fmt::format("Invalid input: expected object, received {}", wire_kind_of(tree))});
    return issues;
  }
  const SchemaWalk walk(*this);
  Validator(walk, issues).value(walk.root(), tree, {});
  check_rules(tree, *this, issues);
  return issues;
}

std::string to_text(const Issue& issue) {
  return issue.path.empty() ? issue.message : fmt::format("{}: {}", issue.path, issue.message);
}

std::vector<WireIssue> wire_issues(std::span<const Issue> issues) {
  std::vector<WireIssue> out;
  std::map<string_view, std::size_t> places;  // of the record of an object's unknown keys
  for (const auto& issue : issues) {
    if (!issue.unknown_key) {
      const bool ours = issue.wire.empty();
      out.push_back({ours ? issue.path : issue.wire_path, ours ? issue.message : issue.wire});
      continue;
    }
    const auto [place, first] = places.try_emplace(issue.wire_path, out.size());
    if (first) {
      out.push_back({issue.wire_path, fmt::format("Unrecognized key: \"{}\"", issue.wire)});
      continue;
    }
    auto& message = out[place->second].message;
    if (message.starts_with("Unrecognized key:")) message.insert(16, "s");
    message += fmt::format(", \"{}\"", issue.wire);
  }
  return out;
}

}  // namespace carapace::config

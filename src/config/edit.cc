#include "config/edit.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "config/json5.h"
#include "config/text/same_tree.h"
#include "config/text/text_edit.h"

namespace carapace::config {
namespace {

using std::string_view;
using Kind = Json5Node::Kind;

std::optional<std::size_t> index_of(string_view part) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
  if (error != std::errc() || end != part.data() + part.size()) return std::nullopt;
  return index;
}

// The value with the missing objects around it: {a: {b: value}} for the rest a.b.
json::value wrapped(const KeyPath& path, std::size_t from, const json::value& value) {
  json::value out = value;
  for (auto i = path.size(); i > from; --i) out = json::object{{path[i - 1], std::move(out)}};
  return out;
}

std::unexpected<Error> does_not_parse(const Json5Problem& problem) {
  return fail(Errc::invalid_request, "line {}, column {}: {}", problem.line, problem.column,
              problem.what);
}

std::string begin_of(const KeyPath& path, std::size_t depth) {
  return to_text(KeyPath(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(depth)));
}

std::unexpected<Error> no_object(const KeyPath& path, std::size_t depth) {
  return fail(Errc::conflict, "{} is no object, so it has no '{}'. Set it to an object first.",
              begin_of(path, depth), path[depth]);
}

std::unexpected<Error> no_index(const KeyPath& path, std::size_t depth, std::size_t size) {
  return fail(Errc::conflict, "{} is a list of {}: '{}' is none of its indexes.",
              begin_of(path, depth), size, path[depth]);
}

// Walks to the place that `path` names and writes the value there.
Status put(TextEdit& edit, const Json5Node& root, const KeyPath& path, const json::value& value) {
  const auto* node = &root;
  for (std::size_t depth = 0; depth < path.size(); ++depth) {
    const bool is_list = node->kind == Kind::list;
    if (node->kind == Kind::null) {
      edit.replace(*node, wrapped(path, depth, value));
      return {};
    }
    if (!is_list && node->kind != Kind::object) return no_object(path, depth);
    const auto index = is_list ? index_of(path[depth]) : std::nullopt;
    const auto* next = !is_list                               ? member_of(*node, path[depth])
                       : index && *index < node->items.size() ? &node->items[*index]
                                                              : nullptr;
    if (next != nullptr) {
      node = next;
      continue;
    }
    if (is_list && (!index || *index != node->items.size()))
      return no_index(path, depth, node->items.size());
    const auto added = wrapped(path, depth + 1, value);
    edit.change(*node, {}, {{path[depth], &added}});
    return {};
  }
  edit.replace(*node, value);
  return {};
}

// Takes out what `path` names. False: nothing is there.
bool take_out(TextEdit& edit, const Json5Node& root, const KeyPath& path) {
  const auto* node = &root;
  for (std::size_t depth = 0;; ++depth) {
    const auto index = node->kind == Kind::list ? index_of(path[depth]) : std::nullopt;
    if (depth + 1 < path.size()) {
      if (node->kind == Kind::object) {
        node = member_of(*node, path[depth]);
        if (node == nullptr) return false;
      } else if (index && *index < node->items.size()) {
        node = &node->items[*index];
      } else {
        return false;
      }
      continue;
    }
    std::vector<std::size_t> removed;
    if (index && *index < node->items.size()) removed.push_back(*index);
    for (std::size_t i = 0; i < node->members.size(); ++i)
      if (node->members[i].key == path[depth]) removed.push_back(i);
    edit.change(*node, removed, {});
    return !removed.empty();
  }
}

template <typename Value>
Value* walk(Value& tree, KeyPath::const_iterator part, KeyPath::const_iterator end) {
  auto* at = &tree;
  for (; part != end; ++part) {
    if (auto* object = at->if_object()) {
      at = object->if_contains(*part);
    } else {
      auto* list = at->if_array();
      const auto index = index_of(*part);
      at = list != nullptr && index && *index < list->size() ? &(*list)[*index] : nullptr;
    }
    if (at == nullptr) return nullptr;
  }
  return at;
}

// The text after the edit, read again: an edit can never break a file.
Result<std::string> checked(const TextEdit& edit, const json::value& expected,
                            const KeyPath& path) {
  auto edited = edit.text();
  const auto again = parse_json5(edited);
  if (!again || !same_tree(*again, expected))
    return fail(Errc::internal, "the edit of {} would have damaged the file", to_text(path));
  return edited;
}

}  // namespace

const json::value* find_in_tree(const json::value& tree, const KeyPath& path) {
  return walk(tree, path.begin(), path.end());
}

Status set_in_tree(json::value& tree, const KeyPath& path, const json::value& value) {
  auto* at = &tree;
  for (std::size_t depth = 0; depth < path.size(); ++depth) {
    if (at->is_null()) *at = json::object();
    if (auto* object = at->if_object()) {
      at = &(*object)[path[depth]];
      continue;
    }
    auto* list = at->if_array();
    if (list == nullptr) return no_object(path, depth);
    const auto index = index_of(path[depth]);
    if (!index || *index > list->size()) return no_index(path, depth, list->size());
    if (*index == list->size()) list->push_back(nullptr);
    at = &(*list)[*index];
  }
  *at = value;
  return {};
}

bool unset_in_tree(json::value& tree, const KeyPath& path) {
  if (path.empty()) return false;
  auto* at = walk(tree, path.begin(), path.end() - 1);
  if (at == nullptr) return false;
  if (auto* object = at->if_object()) return object->erase(path.back()) > 0;
  auto* list = at->if_array();
  const auto index = index_of(path.back());
  if (list == nullptr || !index || *index >= list->size()) return false;
  list->erase(list->begin() + static_cast<std::ptrdiff_t>(*index));
  return true;
}

std::string pretty_json(const json::value& value) {
  return pretty_text(value, "", {.quoted_keys = true});
}

Result<std::string> set_in_text(string_view text, const KeyPath& path, const json::value& value) {
  if (path.empty()) return fail(Errc::invalid_request, "a key is needed");
  if (trim(text).empty()) return pretty_json(wrapped(path, 0, value)) + "\n";
  const auto root = read_json5(text);
  if (!root) return does_not_parse(root.error());
  TextEdit edit(text, *root);
  TRY_STATUS(put(edit, *root, path, value));
  auto expected = to_json(*root);
  TRY_STATUS(set_in_tree(expected, path, value));
  return checked(edit, expected, path);
}

Result<std::string> unset_in_text(string_view text, const KeyPath& path) {
  if (path.empty()) return fail(Errc::invalid_request, "a key is needed");
  const auto missing = fail(Errc::not_found, "{} is not set", to_text(path));
  if (trim(text).empty()) return missing;
  const auto root = read_json5(text);
  if (!root) return does_not_parse(root.error());
  TextEdit edit(text, *root);
  if (!take_out(edit, *root, path)) return missing;
  auto expected = to_json(*root);
  unset_in_tree(expected, path);
  return checked(edit, expected, path);
}

}  // namespace carapace::config

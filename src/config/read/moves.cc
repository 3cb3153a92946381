#include "config/read/moves.h"

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "base/text.h"

namespace carapace::config {
namespace {

using std::string_view;

json::value* below(json::value& at, const std::string& part) {
  if (auto* object = at.if_object()) return object->if_contains(part);
  auto* list = at.if_array();
  if (list == nullptr) return nullptr;
  std::size_t index = list->size();
  std::from_chars(part.data(), part.data() + part.size(), index);
  return index < list->size() ? &(*list)[index] : nullptr;
}

json::value* find(json::value& tree, const KeyPath& path) {
  auto* at = &tree;
  for (const auto& part : path)
    if (at = below(*at, part); at == nullptr) return nullptr;
  return at;
}

// All paths of the tree that the pattern meets.
void meet(json::value& at, std::span<const string_view> pattern, KeyPath& path,
          std::vector<KeyPath>& out) {
  if (pattern.empty()) {
    out.push_back(path);
    return;
  }
  const auto go_on = [&](json::value& next, std::string name) {
    path.push_back(std::move(name));
    meet(next, pattern.subspan(1), path, out);
    path.pop_back();
  };
  if (pattern.front() != "*") {
    std::string name(pattern.front());
    if (auto* next = below(at, name); next != nullptr) go_on(*next, std::move(name));
  } else if (auto* object = at.if_object()) {
    for (auto& member : *object) go_on(member.value(), std::string(member.key()));
  } else if (auto* list = at.if_array()) {
    for (std::size_t i = 0; i < list->size(); ++i) go_on((*list)[i], std::to_string(i));
  }
}

KeyPath target(const MoveRow& row, const KeyPath& from) {
  KeyPath out;
  if (row.to.empty()) return out;
  const auto pattern = split(row.from, '.');
  std::size_t star = 0;
  for (const auto part : split(row.to, '.')) {
    if (part != "*") {
      out.emplace_back(part == "\\*" ? "*" : part);
      continue;
    }
    while (star < pattern.size() && pattern[star] != "*") ++star;
    CARAPACE_CHECK(star < from.size());
    out.push_back(from[star++]);
  }
  return out;
}

json::value take(json::value& tree, const KeyPath& path) {
  auto* holder = find(tree, KeyPath(path.begin(), path.end() - 1));
  auto* object = holder->if_object();
  CARAPACE_CHECK(object != nullptr);  // rows do not end in an index
  auto value = std::move(*object->if_contains(path.back()));
  object->stable_erase(object->find(path.back()));
  return value;
}

// Objects key by key; else what stands there counts.
void lay_under(json::value& upper, json::value&& lower) {
  if (upper.is_null()) upper = json::value(std::move(lower));
  auto* over = upper.if_object();
  auto* under = lower.if_object();
  if (over == nullptr || under == nullptr) return;
  for (auto& member : *under) {
    if (auto* same = over->if_contains(member.key()))
      lay_under(*same, std::move(member.value()));
    else
      over->emplace(member.key(), std::move(member.value()));
  }
}

// False: something on the way is no object.
bool put(json::value& tree, const KeyPath& path, json::value&& value, bool older_wins) {
  auto* at = &tree;
  for (const auto& part : path) {
    if (at->is_null()) *at = json::object();
    if (auto* object = at->if_object())
      at = &(*object)[part];
    else if (at = below(*at, part); at == nullptr)
      return false;
  }
  if (older_wins) std::swap(*at, value);
  lay_under(*at, std::move(value));
  return true;
}

// What a move has left empty is no part of the file any more.
void drop_empty(json::value& tree, KeyPath path) {
  for (path.pop_back(); !path.empty(); path.pop_back()) {
    const auto* left = find(tree, path);
    const auto* object = left == nullptr ? nullptr : left->if_object();
    if (object == nullptr || !object->empty()) return;
    auto* holder = find(tree, KeyPath(path.begin(), path.end() - 1));
    if (auto* outer = holder->if_object())
      outer->stable_erase(outer->find(path.back()));
    else
      return;
  }
}

// False: the value stays where it was.
bool settle(json::value& tree, const MoveRow& row, const KeyPath& from, KeyPath& to,
            const json::value& value) {
  if (row.special != nullptr) return row.special(tree, value);
  auto changed = row.change == nullptr ? std::optional(value) : row.change(value);
  if (!changed || to.empty()) {
    to.clear();
    return true;
  }
  if (from == to && *changed == value) return false;  // it has today's form
  return put(tree, to, std::move(*changed), row.older_wins);
}

void apply(json::value& tree, const MoveRow& row, std::vector<Moved>& moved) {
  std::vector<KeyPath> found;
  KeyPath path;
  meet(tree, split(row.from, '.'), path, found);
  for (const auto& from : found) {
    if (row.objects_only && !find(tree, from)->is_object()) continue;
    auto value = take(tree, from);
    auto to = target(row, from);
    if (!settle(tree, row, from, to, value)) {
      put(tree, from, std::move(value), true);
      continue;
    }
    drop_empty(tree, from);
    moved.push_back({from, std::move(to)});
  }
}

bool begins_with(const KeyPath& path, const KeyPath& head) {
  return path.size() >= head.size() && std::equal(head.begin(), head.end(), path.begin());
}

}  // namespace

std::vector<Moved> apply_moves(json::value& tree, std::span<const MoveRow> rows) {
  std::vector<Moved> moved;
  if (!tree.is_object()) return moved;
  for (const auto table : {rows, builtin_moves()})
    for (const auto& row : table) apply(tree, row, moved);
  return moved;
}

std::string sentence(const Moved& moved) {
  return moved.to.empty() ? std::string("is not used any more.")
                          : fmt::format("is {} today; it is read as that.", to_text(moved.to));
}

KeyPath before_moves(const KeyPath& path, std::span<const Moved> moved) {
  auto out = path;
  for (auto it = moved.rbegin(); it != moved.rend(); ++it) {
    if (it->to.empty() || !begins_with(out, it->to)) continue;
    auto older = it->from;
    older.insert(older.end(), out.begin() + static_cast<std::ptrdiff_t>(it->to.size()), out.end());
    out = std::move(older);
  }
  return out;
}

}  // namespace carapace::config

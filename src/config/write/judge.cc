#include "config/write/judge.h"

#include <algorithm>
#include <map>

#include "base/json.h"
#include "config/key_path.h"
#include "config/text/same_tree.h"

namespace carapace::config {
namespace {

using std::string_view;

const json::value* set_or_null(const json::value* value) {
  return value == nullptr || value->is_null() ? nullptr : value;
}

void differences(const json::value* before, const json::value* after, const std::string& path,
                 std::vector<std::string>& out) {
  before = set_or_null(before);
  after = set_or_null(after);
  const auto* old = before == nullptr ? nullptr : before->if_object();
  const auto* now = after == nullptr ? nullptr : after->if_object();
  // What is missing on one side is told key by key.
  if ((old != nullptr || now != nullptr) && (old != nullptr || before == nullptr) &&
      (now != nullptr || after == nullptr)) {
    if (now != nullptr)
      for (const auto& member : *now)
        differences(old == nullptr ? nullptr : old->if_contains(member.key()), &member.value(),
                    child_path(path, string_view(member.key())), out);
    if (old != nullptr)
      for (const auto& member : *old)
        if (now == nullptr || !now->contains(member.key()))
          differences(&member.value(), nullptr, child_path(path, string_view(member.key())), out);
    return;
  }
  if (before == nullptr && after == nullptr) return;
  if (before == nullptr || after == nullptr || !same_tree(*before, *after)) out.push_back(path);
}

std::optional<string_view> id_of(const json::value& item) {
  const auto* object = item.if_object();
  return object == nullptr ? std::nullopt : find_string(*object, "id");
}

class Guard {
 public:
  explicit Guard(const Schema& schema) : schema_(schema) {}

  std::optional<std::string> compare(const json::value* before, const json::value* after,
                                     bool guarded) {
    before = set_or_null(before);
    after = set_or_null(after);
    if (before == nullptr && after == nullptr) return std::nullopt;
    const auto* row = path_.empty() ? nullptr : schema_.row(path_);
    guarded = guarded || (row != nullptr && row->guarded) || schema_.is_secret(path_);
    if (before != nullptr && after != nullptr && same_tree(*before, *after)) return std::nullopt;
    const bool objects = is(before, &json::value::is_object) || is(after, &json::value::is_object);
    const bool lists = is(before, &json::value::is_array) || is(after, &json::value::is_array);
    if (objects)
      if (auto found = members(before, after, guarded)) return found;
    if (lists)
      if (auto found = items(before, after, guarded)) return found;
    const bool plain = !(before == nullptr || before->is_structured()) ||
                       !(after == nullptr || after->is_structured());
    if (!guarded || !(plain || lists)) return std::nullopt;
    // What says the default says what was in force without it.
    const auto fallback = schema_.fallback(path_);
    if (!fallback.is_null() &&
        same_tree(before == nullptr ? fallback : *before, after == nullptr ? fallback : *after))
      return std::nullopt;
    return to_text(path_);
  }

 private:
  static bool is(const json::value* value, bool (json::value::*kind)() const noexcept) {
    return value != nullptr && (value->*kind)();
  }

  std::optional<std::string> child(std::string name, const json::value* before,
                                   const json::value* after, bool guarded) {
    path_.push_back(std::move(name));
    auto found = compare(before, after, guarded);
    path_.pop_back();
    return found;
  }

  std::optional<std::string> members(const json::value* before, const json::value* after,
                                     bool guarded) {
    const auto* old = before == nullptr ? nullptr : before->if_object();
    const auto* now = after == nullptr ? nullptr : after->if_object();
    if (now != nullptr)
      for (const auto& member : *now)
        if (auto found = child(std::string(member.key()),
                               old == nullptr ? nullptr : old->if_contains(member.key()),
                               &member.value(), guarded))
          return found;
    if (old != nullptr)
      for (const auto& member : *old)
        if (now == nullptr || !now->contains(member.key()))
          if (auto found = child(std::string(member.key()), &member.value(), nullptr, guarded))
            return found;
    return std::nullopt;
  }

  std::optional<std::string> items(const json::value* before, const json::value* after,
                                   bool guarded) {
    const json::array none;
    const auto* old = before == nullptr ? nullptr : before->if_array();
    const auto* now = after == nullptr ? nullptr : after->if_array();
    if (old == nullptr) old = &none;
    if (now == nullptr) now = &none;
    std::vector<bool> seen(old->size());
    for (std::size_t i = 0; i < now->size(); ++i) {
      const auto from = partner(*old, (*now)[i], i, seen);
      if (from) seen[*from] = true;
      if (auto found =
              child(std::to_string(i), from ? &(*old)[*from] : nullptr, &(*now)[i], guarded))
        return found;
    }
    for (std::size_t i = 0; i < old->size(); ++i)
      if (!seen[i])
        if (auto found = child(std::to_string(i), &(*old)[i], nullptr, guarded)) return found;
    return std::nullopt;
  }

  // The old item that a new one is: of the same id, else the same in everything, else at its place.
  static std::optional<std::size_t> partner(const json::array& old, const json::value& item,
                                            std::size_t place, const std::vector<bool>& seen) {
    const auto id = id_of(item);
    for (std::size_t i = 0; i < old.size(); ++i)
      if (!seen[i] && (id ? id_of(old[i]) == id : same_tree(old[i], item))) return i;
    if (!id && place < old.size() && !seen[place] && !id_of(old[place])) return place;
    return std::nullopt;
  }

  const Schema& schema_;
  KeyPath path_;
};

// agents.list[3].id and agents.list[1].id are one place.
std::string without_indexes(string_view path) {
  std::string out;
  bool inside = false;
  for (const char c : path) {
    if (c == ']') inside = false;
    if (!inside || c < '0' || c > '9') out += c;
    if (c == '[') inside = true;
  }
  return out;
}

}  // namespace

std::vector<std::string> changed_paths(const json::value& before, const json::value& after) {
  std::vector<std::string> out;
  differences(&before, &after, "", out);
  return out;
}

std::optional<std::string> guarded_change(const json::value& before, const json::value& after,
                                          const Schema& schema) {
  return Guard(schema).compare(&before, &after, false);
}

std::vector<Issue> new_issues(const std::vector<Issue>& before, const std::vector<Issue>& after) {
  std::map<std::string, int> known;
  const auto name = [](const Issue& issue) {
    return fmt::format("{}\n{}", without_indexes(issue.path), issue.message);
  };
  for (const auto& issue : before) ++known[name(issue)];
  std::vector<Issue> out;
  for (const auto& issue : after)
    if (--known[name(issue)] < 0) out.push_back(issue);
  return out;
}

}  // namespace carapace::config

#include "config/reload_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "config/config.h"
#include "config/explain/overrides.h"
#include "config/key_path.h"

namespace carapace::config {
namespace {

using std::string_view;

constexpr std::size_t kMaxDepth = 64;

bool is_set(const json::value* value) { return value != nullptr && !value->is_null(); }

const json::object* object_or_null(const json::value* value) {
  return value == nullptr ? nullptr : value->if_object();
}

const json::value* member(const json::object* object, string_view key) {
  return object == nullptr ? nullptr : object->if_contains(key);
}

// How much of the gateway a class moves.
int strength(Reload reload) {
  switch (reload) {
    case Reload::none: return 0;
    case Reload::hot: return 1;
    case Reload::subsystem: return 2;
    case Reload::restart: return 3;
  }
  return 3;
}

// What the rows say about one place of the tree.
struct Verdict {
  Reload reload = Reload::restart;
  std::vector<std::string> parts;
  bool known = true;
};

// Several names are written with '|', and `*` stands for the name that the row's first `*` met.
std::vector<std::string> parts_of(const FieldRow& row, const KeyPath& path) {
  if (row.reload != Reload::subsystem) return {};
  std::string filled(row.part);
  if (filled.contains('*')) {
    const auto pattern = split(row.path, '.');
    const auto star = std::ranges::find(pattern, string_view("*"));
    const auto at = static_cast<std::size_t>(star - pattern.begin());
    filled = replace_all(std::move(filled), "*", at < path.size() ? path[at] : "");
  }
  std::vector<std::string> out;
  for (const auto part : split(filled, '|'))
    if (!part.empty()) out.emplace_back(part);
  return out;
}

class Judge {
 public:
  explicit Judge(const Schema& schema) : schema_(schema) {
    for (const auto& row : schema.rows()) rows_.push_back({split(row.path, '.'), &row});
  }

  // Its own row, else the nearest one above it, else the strongest of the section around it.
  Verdict judge(const KeyPath& path) const {
    if (const auto* row = spoken_of(path)) return {row->reload, parts_of(*row, path), true};
    for (auto at = path; !at.empty(); at.pop_back())
      if (const auto* row = schema_.row(at)) return {row->reload, parts_of(*row, path), true};
    for (auto at = path; !at.empty(); at.pop_back())
      if (schema_.known(at)) return strongest_below(at, path);
    return {Reload::restart, {}, false};
  }

  // A name in a map counts although there is nothing in it; a section that is opened empty does
  // not.
  bool is_entry(const KeyPath& path) const {
    return std::ranges::any_of(rows_, [&path](const Row& row) {
      return row.pattern.size() >= path.size() && row.pattern[path.size() - 1] == "*" &&
             matches(row, path);
    });
  }

  bool says_default(const KeyPath& path, const json::value& value) const {
    const auto* row = schema_.row(path);
    return row != nullptr && row->reload == Reload::restart && !row->fallback.empty() &&
           schema_.fallback(path) == value;
  }

 private:
  struct Row {
    std::vector<string_view> pattern;
    const FieldRow* row;
  };

  // A variable that speaks for a key means what the key means.
  const FieldRow* spoken_of(const KeyPath& path) const {
    const bool variable = (path.size() == 2 && path[0] == "env") ||
                          (path.size() == 3 && path[0] == "env" && path[1] == "vars");
    const auto* override = variable ? override_named(path.back()) : nullptr;
    return override == nullptr ? nullptr : schema_.row(*parse_key_path(override->key));
  }

  static bool matches(const Row& row, const KeyPath& path) {
    if (row.pattern.size() < path.size()) return false;
    for (std::size_t i = 0; i < path.size(); ++i)
      if (row.pattern[i] != "*" && row.pattern[i] != path[i]) return false;
    return true;
  }

  Verdict strongest_below(const KeyPath& section, const KeyPath& path) const {
    Verdict verdict{Reload::none, {}, schema_.known(path)};
    for (const auto& row : rows_) {
      if (!matches(row, section)) continue;
      verdict.reload = std::max(verdict.reload, row.row->reload,
                                [](Reload a, Reload b) { return strength(a) < strength(b); });
      for (auto& part : parts_of(*row.row, path)) verdict.parts.push_back(std::move(part));
    }
    std::ranges::sort(verdict.parts);
    const auto same = std::ranges::unique(verdict.parts);
    verdict.parts.erase(same.begin(), same.end());
    if (verdict.reload != Reload::subsystem) verdict.parts.clear();
    return verdict;
  }

  const Schema& schema_;
  std::vector<Row> rows_;
};

class Comparison {
 public:
  explicit Comparison(const Schema& schema) : judge_(schema) {}

  void compare(const json::value* before, const json::value* after) {
    if (!is_set(before)) before = nullptr;
    if (!is_set(after)) after = nullptr;
    if (before == after) return;
    const auto* left = object_or_null(before);
    const auto* right = object_or_null(after);
    // A section that one side lacks is compared as an empty one, so that its keys are named.
    const bool sections = (left || right) && (left || !before) && (right || !after);
    if (sections && path_.size() < kMaxDepth) return compare_sections(left, right);
    if (before && after && *before == *after) return;
    add(before, after);
  }

  ReloadPlan take() {
    std::ranges::sort(plan_.changes, {}, &Change::path);
    return std::move(plan_);
  }

 private:
  void compare_sections(const json::object* left, const json::object* right) {
    const bool appeared = left == nullptr || right == nullptr;
    if (appeared && (left ? left : right)->empty()) {
      if (!path_.empty() && judge_.is_entry(path_)) add(nullptr, nullptr);
      return;
    }
    if (left)
      for (const auto& [key, value] : *left) step(key, &value, member(right, key));
    if (right)
      for (const auto& [key, value] : *right)
        if (member(left, key) == nullptr) step(key, nullptr, &value);
  }

  void step(string_view key, const json::value* before, const json::value* after) {
    path_.emplace_back(key);
    compare(before, after);
    path_.pop_back();
  }

  void add(const json::value* before, const json::value* after) {
    if (before == nullptr && after && judge_.says_default(path_, *after)) return;
    if (after == nullptr && before && judge_.says_default(path_, *before)) return;
    auto verdict = judge_.judge(path_);
    plan_.changes.push_back(
        {to_text(path_), verdict.reload, std::move(verdict.parts), verdict.known});
  }

  Judge judge_;
  KeyPath path_;
  ReloadPlan plan_;
};

std::string sentence(string_view opening, const std::vector<std::string>& items) {
  return fmt::format("{} {}.", opening, fmt::join(items, ", "));
}

// Keys by the part that starts anew for them.
std::map<std::string, std::vector<std::string>> keys_by_part(const ReloadPlan& plan) {
  std::map<std::string, std::vector<std::string>> out;
  for (const auto& change : plan.changes)
    for (const auto& part : change.parts) out[part].push_back(change.path);
  return out;
}

json::array texts(const std::vector<std::string>& items) {
  json::array out;
  for (const auto& item : items) out.emplace_back(item);
  return out;
}

}  // namespace

ReloadMode reload_mode_from(string_view text) {
  if (text == "off") return ReloadMode::off;
  if (text == "hot") return ReloadMode::hot;
  if (text == "restart") return ReloadMode::restart;
  return ReloadMode::hybrid;
}

string_view to_text(ReloadMode mode) {
  switch (mode) {
    case ReloadMode::off: return "off";
    case ReloadMode::hot: return "hot";
    case ReloadMode::hybrid: return "hybrid";
    case ReloadMode::restart: return "restart";
  }
  return "";
}

std::vector<std::string> ReloadPlan::paths(Reload reload) const {
  std::vector<std::string> out;
  for (const auto& change : changes)
    if (change.reload == reload) out.push_back(change.path);
  return out;
}

std::vector<std::string> ReloadPlan::paths() const {
  std::vector<std::string> out;
  for (const auto& change : changes) out.push_back(change.path);
  return out;
}

std::vector<std::string> ReloadPlan::parts() const {
  std::set<std::string> out;
  for (const auto& change : changes) out.insert(change.parts.begin(), change.parts.end());
  return {out.begin(), out.end()};
}

bool ReloadPlan::needs_restart() const {
  return std::ranges::any_of(changes, [](const Change& c) { return c.reload == Reload::restart; });
}

ReloadStep ReloadPlan::step(ReloadMode mode) const {
  const bool meaningless = std::ranges::all_of(
      changes, [](const Change& change) { return change.reload == Reload::none; });
  if (meaningless || mode == ReloadMode::off) return ReloadStep::nothing;
  if (mode == ReloadMode::restart) return ReloadStep::restart;
  if (mode == ReloadMode::hybrid) return needs_restart() ? ReloadStep::restart : ReloadStep::apply;
  const bool only_restarts = std::ranges::all_of(changes, [](const Change& change) {
    return change.reload == Reload::none || change.reload == Reload::restart;
  });
  return only_restarts ? ReloadStep::nothing : ReloadStep::apply;
}

ReloadPlan plan_reload(const json::value& before, const json::value& after, const Schema& schema) {
  Comparison comparison(schema);
  comparison.compare(&before, &after);
  return comparison.take();
}

ReloadPlan plan_reload(const Config& before, const Config& after, const Schema& schema) {
  return plan_reload(before.tree(), after.tree(), schema);
}

std::string to_text(const ReloadPlan& plan) {
  if (plan.empty()) return "Nothing differs.";
  std::vector<std::string> lines;
  if (const auto now = plan.paths(Reload::hot); !now.empty())
    lines.push_back(sentence("These apply now:", now));
  for (const auto& [part, keys] : keys_by_part(plan))
    lines.push_back(sentence(fmt::format("The part \"{}\" starts anew for:", part), keys));
  if (const auto restart = plan.paths(Reload::restart); !restart.empty())
    lines.push_back(sentence("These need a restart of the gateway:", restart));
  if (const auto nothing = plan.paths(Reload::none); !nothing.empty())
    lines.push_back(sentence("These change nothing in a running gateway:", nothing));
  return fmt::format("{}", fmt::join(lines, "\n"));
}

json::value to_json(const ReloadPlan& plan) {
  json::array parts;
  for (const auto& [name, keys] : keys_by_part(plan))
    parts.push_back(json::object{{"name", name}, {"keys", texts(keys)}});
  return json::object{{"now", texts(plan.paths(Reload::hot))},
                      {"parts", std::move(parts)},
                      {"restart", texts(plan.paths(Reload::restart))},
                      {"nothing", texts(plan.paths(Reload::none))},
                      {"needsRestart", plan.needs_restart()}};
}

}  // namespace carapace::config

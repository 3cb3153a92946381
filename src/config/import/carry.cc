#include "config/import/carry.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "config/config.h"
#include "config/edit.h"
#include "config/json5.h"
#include "config/read/moves.h"
#include "config/text/same_tree.h"
#include "config/text/substitute.h"

namespace carapace::config {
namespace {

using std::string_view;

constexpr std::size_t kShownBytes = 60;
constexpr int kMaxRounds = 8;
// Every change reads the text again, so a large file with many of them is written anew instead.
constexpr std::size_t kMostBytesRead = 64UL << 20U;

// null counts as not set, and a merge patch cannot say it.
void drop_nulls(json::value& tree) {
  if (auto* object = tree.if_object()) {
    std::vector<std::string> empty;
    for (auto& member : *object) {
      if (member.value().is_null()) {
        empty.emplace_back(member.key());
      } else {
        drop_nulls(member.value());
      }
    }
    for (const auto& key : empty) object->erase(key);
  } else if (auto* list = tree.if_array()) {
    for (auto& item : *list) drop_nulls(item);
  }
}

// Makes a text say `after` where it says `before`, change by change, so that comments stay.
class TextChange {
 public:
  explicit TextChange(std::string text) : text_(std::move(text)) {}

  Status run(const json::value& before, const json::value& after) {
    const auto* old_object = before.if_object();
    const auto* now_object = after.if_object();
    if (old_object != nullptr && now_object != nullptr) return members(*old_object, *now_object);
    const auto* old_list = before.if_array();
    const auto* now_list = after.if_array();
    if (old_list != nullptr && now_list != nullptr && old_list->size() == now_list->size())
      return items(*old_list, *now_list);
    TRY_STATUS(spend());
    TRY(text_, set_in_text(text_, path_, after));
    return {};
  }
  const std::string& text() const { return text_; }

 private:
  Status members(const json::object& before, const json::object& after) {
    for (const auto& member : before)
      if (!after.contains(member.key())) TRY_STATUS(below(member.key(), &member.value(), nullptr));
    for (const auto& member : after)
      TRY_STATUS(below(member.key(), before.if_contains(member.key()), &member.value()));
    return {};
  }
  Status items(const json::array& before, const json::array& after) {
    for (std::size_t i = 0; i < before.size(); ++i)
      TRY_STATUS(below(std::to_string(i), &before[i], &after[i]));
    return {};
  }

  // nullptr: not there.
  Status below(string_view name, const json::value* before, const json::value* after) {
    if (before != nullptr && after != nullptr && same_tree(*before, *after)) return {};
    path_.emplace_back(name);
    if (before != nullptr && after != nullptr) {
      TRY_STATUS(run(*before, *after));
    } else {
      TRY_STATUS(spend());
      TRY(text_,
          after == nullptr ? unset_in_text(text_, path_) : set_in_text(text_, path_, *after));
    }
    path_.pop_back();
    return {};
  }
  Status spend() {
    bytes_read_ += text_.size();
    return bytes_read_ > kMostBytesRead ? fail(Errc::too_large, "too many changes") : Status{};
  }

  std::string text_;
  KeyPath path_;
  std::size_t bytes_read_ = 0;
};

// Their text where only what differs was touched. The whole tree anew where that cannot be had.
std::string text_for(const std::string& theirs, const json::value& tree) {
  const auto own = parse_json5(theirs);
  if (own && own->is_object()) {
    TextChange change(theirs);
    const auto changed = change.run(*own, tree);
    const auto made = changed ? parse_json5(change.text()) : fail(Errc::internal, "");
    if (made && same_tree(*made, tree)) return change.text();
  }
  return pretty_json(tree) + "\n";
}

// The environment with every variable that is asked for and missing, so that the rest can be
// checked: a file is imported by whoever has it, not always where its variables are.
class Completed {
 public:
  Completed(const json::value& tree, const Environment& environment) {
    auto values = environment.all();
    auto copy = tree;
    const auto lookup = [&](string_view name) -> std::optional<std::string> {
      if (auto value = environment.get(name)) return value;
      missing_.emplace(name);
      return "-";
    };
    (void)substitute(copy, lookup);
    filled_ = std::move(copy);
  }
  const json::value& filled() const { return filled_; }
  std::vector<std::string> missing() const { return {missing_.begin(), missing_.end()}; }

 private:
  std::set<std::string> missing_;
  json::value filled_;
};

// The errors of a tree that can be judged here: not those of a value whose variable is missing.
std::vector<Issue> errors_in(const json::value& tree, const Schema& schema,
                             const Environment& environment) {
  const Completed completed(tree, environment);
  std::vector<Issue> errors;
  for (auto& issue : schema.validate(completed.filled())) {
    if (issue.severity != Severity::error) continue;
    const auto key = parse_key_path(issue.path);
    const auto* value = key ? find_in_tree(tree, *key) : nullptr;
    const auto* text = value == nullptr ? nullptr : value->if_string();
    const bool waits = text != nullptr && has_reference(*text) && !completed.missing().empty();
    if (value != nullptr && !key->empty() && !waits) errors.push_back(std::move(issue));
  }
  return errors;
}

// Removes what is not valid here, so that what stays is.
void leave_out_errors(Carried& out, json::value& tree, const Schema& schema,
                      const Environment& environment) {
  for (int round = 0; round < kMaxRounds; ++round) {
    const auto errors = errors_in(tree, schema, environment);
    if (errors.empty()) return;
    for (const auto& issue : errors) out.left_out.push_back({issue.path, issue.message});
    // From the back, so that what goes out of a list moves nothing that is still to go.
    for (auto issue = errors.rbegin(); issue != errors.rend(); ++issue)
      unset_in_tree(tree, *parse_key_path(issue->path));
  }
}

// What their program notes for itself.
void leave_out_bookkeeping(Carried& out, json::value& tree) {
  for (const auto* name : {"meta", "$schema"})
    if (unset_in_tree(tree, {name}))
      out.left_out.push_back({name, "it is their program's own note."});
}

void write_out_short_forms(Carried& out, json::value& tree) {
  const auto before = tree;
  accept_short_forms(tree);
  if (!same_tree(before, tree))
    out.moved.push_back({"agents.defaults.model", "agents.defaults.model.primary"});
}

void note_moves(Carried& out, const std::vector<Moved>& moves) {
  for (const auto& move : moves) {
    if (move.to.empty()) {
      out.left_out.push_back({to_text(move.from), sentence(move)});
    } else {
      out.moved.push_back({to_text(move.from), to_text(move.to)});
    }
  }
}

std::string on_one_line(const json::value& value) {
  auto text = dump_json(value);
  if (text.size() <= kShownBytes) return text;
  text.resize(kShownBytes);
  return sanitize_utf8(text) + "…";
}

// Sorts every value into its list.
class Sorter {
 public:
  Sorter(Carried& out, const Schema& schema, const json::value& shown,
         const std::set<std::string>& unknown, const std::set<std::string>& moved)
      : out_(out), schema_(schema), shown_(shown), unknown_(unknown), moved_(moved) {}

  void sort(const json::value& value, const KeyPath& key, bool is_moved = false) {
    const auto path = to_text(key);
    if (!key.empty() && unknown_.contains(path)) return put(out_.unknown, key, path);
    is_moved = is_moved || (!key.empty() && moved_.contains(path));
    const auto* object = value.if_object();
    const auto* list = value.if_array();
    const bool structured =
        list != nullptr &&
        std::ranges::any_of(*list, [](const json::value& item) { return item.is_structured(); });
    if (object != nullptr && !object->empty()) {
      for (const auto& member : *object) sort(member.value(), child(key, member.key()), is_moved);
    } else if (structured) {
      for (std::size_t i = 0; i < list->size(); ++i)
        sort((*list)[i], child(key, std::to_string(i)), is_moved);
    } else if (!key.empty()) {
      const auto* row = row_around(key);
      if (row != nullptr && row->planned) {
        put(out_.planned, key, path);
      } else if (!is_moved) {
        put(out_.as_it_is, key, path);
      }
    }
  }

 private:
  static KeyPath child(KeyPath key, string_view name) {
    key.emplace_back(name);
    return key;
  }
  const FieldRow* row_around(KeyPath key) const {
    while (!key.empty()) {
      if (const auto* row = schema_.row(key)) return row;
      key.pop_back();
    }
    return nullptr;
  }
  void put(std::vector<CarriedKey>& list, const KeyPath& key, const std::string& path) {
    const auto* value = find_in_tree(shown_, key);
    list.push_back({path, value == nullptr ? "" : on_one_line(*value)});
  }

  Carried& out_;
  const Schema& schema_;
  const json::value& shown_;
  const std::set<std::string>& unknown_;
  const std::set<std::string>& moved_;
};

void sort_keys(Carried& out, const json::value& tree, const Schema& schema,
               const Environment& environment) {
  const Completed completed(tree, environment);
  out.variables = completed.missing();
  std::set<std::string> unknown;
  for (const auto& issue : schema.validate(completed.filled()))
    if (issue.unknown_key) unknown.insert(issue.path);
  std::set<std::string> moved;
  for (const auto& one : out.moved) moved.insert(one.to);
  const auto shown = redacted(tree, schema);
  Sorter(out, schema, shown, unknown, moved).sort(tree, {});
}

// Values that name the folder of the program they come from, which this one does not use.
void find_old_places(Carried& out, const json::value& value, const std::string& path,
                     const std::string& home) {
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object)
      find_old_places(out, member.value(), child_path(path, string_view(member.key())), home);
  } else if (const auto* list = value.if_array()) {
    for (std::size_t i = 0; i < list->size(); ++i)
      find_old_places(out, (*list)[i], child_path(path, i), home);
  } else if (const auto* text = value.if_string()) {
    std::string full(*text);
    if (full.starts_with("~/")) full = home + full.substr(1);
    if (full == out.from.folder || full.starts_with(out.from.folder + "/"))
      out.old_places.push_back(path);
  }
}

}  // namespace

Result<Carried> carry_over(const FoundConfiguration& from, const Schema& schema,
                           const Environment& environment) {
  // Their includes may lie anywhere; the owner named the file, and what they hold becomes part of
  // ours.
  auto rules = read_rules(environment);
  rules.roots.emplace_back("/");
  const auto document = read_document(from.file, rules);
  if (document.problem) return std::unexpected(to_error(*document.problem));
  if (!document.exists) return fail(Errc::not_found, "there is no file {}", from.file);
  if (!document.tree().is_object())
    return fail(Errc::invalid_request, "{}:1:1: a configuration is an object in braces", from.file);
  Carried out{.from = from};
  for (std::size_t i = 1; i < document.files.size(); ++i)
    out.included.push_back(document.files[i].path);
  auto tree = document.tree();
  out.from.product = guess_product(from, tree);
  drop_nulls(tree);
  leave_out_bookkeeping(out, tree);
  write_out_short_forms(out, tree);
  note_moves(out, apply_moves(tree, schema.moves()));
  leave_out_errors(out, tree, schema, environment);
  sort_keys(out, tree, schema, environment);
  find_old_places(out, tree, "", environment.get("HOME").value_or("~"));
  out.text = text_for(document.text, tree);
  out.patch = dump_json(tree);
  return out;
}

}  // namespace carapace::config

#include "app/reload/config_look.h"

#include <algorithm>

#include "app/start/fields.h"
#include "base/json.h"
#include "base/random.h"
#include "config/history.h"
#include "config/key_path.h"
#include "log/log.h"

namespace carapace::app {
namespace {

constexpr log::Log kLog{"config"};

bool holds(const std::vector<std::string>& list, const std::string& item) {
  return std::ranges::find(list, item) != list.end();
}

const json::value* find_at(const json::value& tree, const config::KeyPath& path) {
  const auto* at = &tree;
  for (const auto& part : path) {
    const auto* object = at->if_object();
    at = object ? object->if_contains(part) : nullptr;
    if (!at) return nullptr;
  }
  return at;
}

void put_at(json::value& tree, const config::KeyPath& path, const json::value* value) {
  auto* at = &tree;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    if (!at->is_object()) {
      if (!value) return;
      *at = json::object{};
    }
    at = &at->get_object()[path[i]];
  }
  if (!at->is_object()) {
    if (!value) return;
    *at = json::object{};
  }
  if (value) {
    at->get_object()[path.back()] = *value;
  } else {
    at->get_object().erase(path.back());
  }
}

}  // namespace

std::vector<std::string> errors_of(const std::vector<config::Issue>& issues) {
  std::vector<std::string> out;
  for (const auto& issue : issues)
    if (issue.severity == config::Severity::error) out.push_back(to_text(issue));
  return out;
}

std::vector<WatchedFile> files_of(const config::Document& document) {
  std::vector<WatchedFile> files;
  for (const auto& file : document.files) files.push_back({file.path, sign_of(file.path)});
  if (files.empty()) files.push_back({document.file, sign_of(document.file)});
  for (const auto& path : document.absent) files.push_back({path, sign_of(path)});
  return files;
}

ConfigLook look_at(const Place& place, const config::Environment& environment,
                   const LookSettings& settings) {
  ConfigLook look;
  // Signs before texts: a change in between is seen as one.
  std::vector<WatchedFile> before;
  for (const auto& path : settings.watched) before.push_back({path, sign_of(path)});
  auto found = config::inspect(place.config_path, schema(), environment);
  look.files = files_of(found.document);
  for (auto& file : look.files) {
    const auto known = std::ranges::find(before, file.path, &WatchedFile::path);
    if (known != before.end())
      file.seen = known->seen;
    else
      look.fresh = true;
  }
  look.state = state_of(found);
  if (settings.was_there && !found.document.exists && !found.document.problem) {
    add_error(look.state,
              "the file is gone; what it said stays in force until the next start, which would use "
              "the defaults");
    return look;
  }
  if (settings.was_there && is_blank(found.document)) {
    add_error(look.state,
              "the file is empty; what it said stays in force. Write {} into it for the defaults, "
              "or take an earlier one back: carapace config rollback");
    return look;
  }
  if (!found.config) return look;
  look.usable = found.valid() || std::ranges::all_of(errors_of(found.issues), [&](const auto& e) {
                  return holds(settings.errors_before, e);
                });
  look.config = std::move(found.config);
  return look;
}

Status keep_document(const std::string& state_dir, const config::Document& document,
                     std::int64_t at_ms, bool good) {
  SystemRandom random;
  const config::History history(state_dir, random);
  config::HistoryEntry entry;
  entry.at_ms = at_ms;
  entry.by = "edited by hand";
  entry.hash = document.hash();
  entry.good = good;
  for (const auto& file : document.files) entry.files.push_back({file.path, file.text});
  TRY(const auto number, history.record(entry));
  (void)number;
  if (!good) return {};
  TRY(const auto marked, history.mark_good(document.hash()));
  (void)marked;
  return {};
}

void log_issues(const ConfigState& state, config::Severity severity) {
  const auto level = severity == config::Severity::error ? log::Level::error : log::Level::warn;
  for (std::size_t i = 0; i < state.issues.size(); ++i) {
    const auto& issue = state.issues[i];
    if (issue.severity != severity) continue;
    kLog.write(level, "configuration",
               {{"key", issue.path}, {"issue", issue.message}, {"at", state.places[i]}});
  }
}

json::value tree_without(const json::value& before, json::value after,
                         const std::vector<std::string>& paths) {
  for (const auto& text : paths)
    if (const auto path = config::parse_key_path(text))
      put_at(after, *path, find_at(before, *path));
  return after;
}

}  // namespace carapace::app

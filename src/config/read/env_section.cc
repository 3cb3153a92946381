#include "config/read/env_section.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "config/text/substitute.h"

namespace carapace::config {
namespace {

using std::string_view;

// What decides how the file is found, read or opened cannot stand in the file.
constexpr std::array<string_view, 6> kSteering{"CONFIG_PATH",     "STATE_DIR",
                                               "CONFIG_CACHE_MS", "DISABLE_CONFIG_CACHE",
                                               "CONFIG_PASSWORD", "INCLUDE_ROOT"};

constexpr string_view kOurs = "CARAPACE_";
// Of one variable, as for the programs of Linux.
constexpr std::size_t kMaxVariableBytes = 128UL << 10U;

bool steers(string_view name) {
  for (const auto prefix : environment_prefixes())
    if (name.size() > prefix.size() && iequals(name.substr(0, prefix.size()), prefix) &&
        std::ranges::any_of(kSteering, [rest = name.substr(prefix.size())](string_view one) {
          return iequals(rest, one);
        }))
      return true;
  return false;
}

struct Entry {
  json::value* text = nullptr;
  std::string path;
};
using Entries = std::map<std::string, Entry, std::less<>>;

class Reader {
 public:
  Reader(Entries entries, EnvSection& out, const Environment& process)
      : entries_(std::move(entries)), out_(out), process_(process) {}

  void run() {
    for (auto& [name, entry] : entries_) {
      if (process_.get(name)) continue;  // then nobody looks at the entry
      (void)value_of(name);
      if (auto found = done_.find(name); found != done_.end()) *entry.text = found->second;
    }
    auto all = process_.all();
    for (auto& [name, text] : done_)
      if (!process_.get(name)) all.insert_or_assign(name, text);
    out_.environment = Environment(std::move(all));
  }

 private:
  // Of the process, else of the entry. nullopt: neither, or it cannot be filled in.
  std::optional<std::string> lookup(string_view name) {
    if (auto value = process_.get(name)) return value;
    return entries_.contains(name) ? value_of(name) : std::nullopt;
  }

  std::optional<std::string> value_of(string_view name) {
    if (const auto found = done_.find(name); found != done_.end()) return found->second;
    const auto& [key, entry] = *entries_.find(name);
    if (failed_.contains(name)) return std::nullopt;
    if (std::ranges::find(open_, name) != open_.end()) {
      tell(entry, fmt::format("refers to itself: {} -> {}.", join(open_, " -> "), name));
      return std::nullopt;
    }
    open_.push_back(key);
    const auto filled = substitute_text(
        entry.text->get_string(), [this](string_view wanted) { return lookup(wanted); },
        std::min(kMaxVariableBytes, left_bytes_));
    open_.pop_back();
    if (filled) {
      left_bytes_ -= filled->size();
      return done_.emplace(key, *filled).first->second;
    }
    tell(entry, filled.error().empty()
                    ? fmt::format("is too long: a variable has at most {} bytes, all of them {}.",
                                  kMaxVariableBytes, kMaxFilledBytes)
                    : fmt::format("wants the variable {}, which is not set.", filled.error()));
    failed_.emplace(key);
    return std::nullopt;
  }

  void tell(const Entry& entry, std::string what) {
    if (std::ranges::none_of(out_.unfilled,
                             [&](const Issue& issue) { return issue.path == entry.path; }))
      out_.unfilled.push_back({Severity::error, entry.path, std::move(what)});
  }

  Entries entries_;
  EnvSection& out_;
  const Environment& process_;
  std::map<std::string, std::string, std::less<>> done_;
  std::set<std::string, std::less<>> failed_;
  std::vector<std::string> open_;  // that wait for one another
  std::size_t left_bytes_ = kMaxFilledBytes;
};

// A sentence about an entry that can never be a variable.
std::optional<std::string> unfit(string_view name, string_view text) {
  if (name.empty() || name.contains('=') || name.contains('\0'))
    return "a variable cannot have this name.";
  if (text.contains('\0')) return "a variable cannot hold a NUL byte.";
  if (steers(name))
    return "this variable says how the configuration is read, so it must come from the environment "
           "itself.";
  return std::nullopt;
}

void collect(json::object& from, const std::string& path, Entries& entries, EnvSection& out) {
  for (auto& member : from) {
    const string_view name = member.key();
    if (!member.value().is_string()) continue;
    const auto full = child_path(path, name);
    // An earlier program took no notice of its own names here, so its files may hold them.
    const auto severity = iequals(name.substr(0, kOurs.size()), kOurs) || !steers(name)
                              ? Severity::error
                              : Severity::warning;
    if (auto what = unfit(name, member.value().get_string()))
      out.refused.push_back({severity, full, std::move(*what)});
    else
      entries.insert_or_assign(std::string(name), Entry{&member.value(), full});
  }
}

}  // namespace

EnvSection read_env_section(json::value& tree, const Environment& process) {
  EnvSection out{.environment = process};
  auto* root = tree.if_object();
  auto* section = root == nullptr ? nullptr : root->if_contains("env");
  auto* env = section == nullptr ? nullptr : section->if_object();
  if (env == nullptr) return out;
  Entries entries;
  if (auto* vars = env->if_contains("vars"); vars != nullptr && vars->is_object())
    collect(vars->get_object(), "env.vars", entries, out);
  collect(*env, "env", entries, out);
  entries.erase("vars");
  entries.erase("shellEnv");
  if (!entries.empty()) Reader(std::move(entries), out, process).run();
  return out;
}

}  // namespace carapace::config

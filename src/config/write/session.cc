#include "config/write/session.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/json.h"
#include "base/text.h"
#include "config/edit.h"
#include "config/json5.h"
#include "config/read/moves.h"
#include "config/text/json5_wire.h"
#include "config/text/same_tree.h"
#include "config/write/judge.h"
#include "config/write/keep_references.h"
#include "config/write/seal_secrets.h"
#include "config/write/stamp.h"
#include "fs/atomic_write.h"
#include "fs/directory.h"
#include "fs/io_error.h"
#include "log/log.h"
#include "secret/hash.h"

namespace carapace::config {
namespace {

using std::string_view;

constexpr log::Log kLog{"config"};
constexpr std::chrono::seconds kLockBudget{10};

// The file itself when the name is a link to it: replacing the link would part the two. A link may
// also point at what is not there yet.
std::string behind_links(const std::string& file) {
  constexpr int kMaxLinks = 40;
  std::error_code error;
  std::filesystem::path at = file;
  for (int i = 0; i < kMaxLinks; ++i) {
    const auto link = std::filesystem::read_symlink(at, error);
    if (error) break;
    at = at.parent_path() / link;
  }
  const auto real = std::filesystem::weakly_canonical(at, error);
  return error ? file : real.string();
}

bool is_read_only(const Environment& environment) {
  constexpr string_view kNames[] = {"NIX_MODE", "CARAPACE_NIX_MODE", "CLAWDBOT_NIX_MODE",
                                    "MOLTBOT_NIX_MODE"};
  return std::ranges::any_of(
      kNames, [&](string_view name) { return environment.get(name).value_or("") == "1"; });
}

// Beside the stamps, which nobody asked for.
bool same_but_for_stamps(json::value a, json::value b) {
  for (auto* tree : {&a, &b}) {
    auto* object = tree->if_object();
    auto* meta = object == nullptr ? nullptr : object->if_contains("meta");
    if (meta == nullptr || !meta->is_object()) continue;
    meta->get_object().erase("lastTouchedVersion");
    meta->get_object().erase("lastTouchedAt");
  }
  return same_tree(a, b);
}

Refusal comes_from(std::string_view key, std::string_view file) {
  return {Refused::request,
          {Errc::conflict,
           fmt::format("{} comes from the included file {}, and the main file cannot take it away "
                       "or change it this way. Change it there.",
                       key, file),
           -1}};
}

// Spelled as today: an older name of a protected key is no way around.
json::value in_todays_spelling(json::value tree, const Schema& schema) {
  accept_short_forms(tree);
  apply_moves(tree, schema.moves());
  return tree;
}

}  // namespace

std::unexpected<Refusal> refuse(Refused why, Errc code, std::string sentence) {
  return std::unexpected(Refusal{why, {code, std::move(sentence), -1}, {}});
}
std::unexpected<Refusal> refuse(Refused why, Error error) {
  return std::unexpected(Refusal{why, std::move(error), {}});
}

std::string syntax_error(string_view text) {
  if (auto wire = json5_wire_text(text)) return *std::move(wire);
  const auto root = read_json5(text);  // that reader knows no limits
  return root ? std::string("the text does not parse")
              : fmt::format("line {}, column {}: {}", root.error().line, root.error().column,
                            root.error().what);
}

std::optional<Refusal> Writer::Session::open() {
  if (is_read_only(settings.environment))
    return Refusal{Refused::read_only,
                   {Errc::forbidden,
                    "this configuration is managed from outside (NIX_MODE=1) and not changed here: "
                    "change it where it is made",
                    -1}};
  // Who writes through a link waits for who writes the file by its own name.
  target = behind_links(settings.file);
  if (auto made = fs::ensure_dir(fs::folder_of(target)); !made)
    return Refusal{Refused::failed, made.error()};
  auto held = fs::lock_within(target + ".lock", kLockBudget);
  if (!held) return Refusal{Refused::failed, held.error()};
  lock = std::move(*held);
  if (!request.dry_run) fs::remove_leftovers(target);
  before = inspect(settings.file, settings.schema, settings.environment);
  const auto& problem = before->document.problem;
  json::value tree = before->document.tree();
  if (problem)
    if (auto own = parse_json5(before->document.text); own && own->is_object())
      tree = std::move(*own);
  old = std::make_shared<const json::value>(std::move(tree));
  return check_hash();
}

std::optional<Refusal> Writer::Session::check_hash() const {
  const auto stale = [](std::string_view sentence) {
    return Refusal{Refused::stale, {Errc::conflict, std::string(sentence), -1}};
  };
  const auto& document = before->document;
  if (!document.exists && !document.problem) return std::nullopt;
  const std::string given(trim(request.base_hash ? string_view(*request.base_hash) : ""));
  if (given.empty() && !request.needs_hash) return std::nullopt;
  const auto& problem = document.problem;
  if (problem && problem->failure == ReadFailure::read_error && problem->path.empty())
    return stale("config base hash unavailable; re-run config.get and retry");
  if (given.empty()) return stale("config base hash required; re-run config.get and retry");
  if (given != document.hash())
    return stale("config changed since last load; re-run config.get and retry");
  return std::nullopt;
}

// New secrets sealed (in what is wanted too), the stamps renewed, a line end at the end.
Writer::Session::Text Writer::Session::prepared(std::string text, json::value* wanted) const {
  auto sealed =
      seal_secrets(text, old_tree(), {settings.schema, settings.envelopes, settings.random});
  if (!sealed) {
    const bool locked = sealed.error().code == Errc::forbidden;
    return refuse(locked ? Refused::protected_key : Refused::failed, sealed.error());
  }
  for (const auto& [path, envelope] : sealed->envelopes)
    if (wanted != nullptr && find_in_tree(*wanted, path) != nullptr)
      CARAPACE_CHECK(set_in_tree(*wanted, path, json::string(envelope)).has_value());
  auto out = stamped(std::move(sealed->text), settings.version, settings.clock.wall_ms());
  if (!out.ends_with('\n')) out += '\n';
  return out;
}

std::optional<Refusal> Writer::Session::judge(const Inspection& after) const {
  const auto& document = after.document;
  if (document.problem && document.problem->path.empty() &&
      document.problem->failure == ReadFailure::parse_error) {
    const auto root = read_json5(document.text);
    return Refusal{
        Refused::request,
        {Errc::invalid_request, root ? document.problem->what : syntax_error(document.text), -1}};
  }
  Refusal refusal{Refused::invalid, {Errc::invalid_request, "invalid config", -1}, {}};
  if (document.problem && !before->document.problem) {
    const auto& problem = *document.problem;
    refusal.issues.push_back(
        {.severity = Severity::error,
         .path = problem.path,
         .message = problem.what,
         .wire_path = problem.path,
         .wire = fmt::format("{}: {}", name_of(problem.failure), problem.what)});
    return refusal;
  }
  for (auto& issue : new_issues(before->issues, after.issues))
    if (issue.severity == Severity::error || issue.missing_key ||
        (issue.unknown_key && !request.keep_unknown))
      refusal.issues.push_back(std::move(issue));
  if (!refusal.issues.empty()) return refusal;
  if (request.hand == Hand::owner) return std::nullopt;
  const auto& schema = settings.schema;
  if (const auto key = guarded_change(in_todays_spelling(old_tree(), schema),
                                      in_todays_spelling(document.tree(), schema), schema))
    return Refusal{Refused::protected_key,
                   {Errc::forbidden,
                    fmt::format("{} is protected: its value is not changed over the network. Use "
                                "`carapace config set` at the gateway's own machine.",
                                *key),
                    -1}};
  return std::nullopt;
}

std::optional<Refusal> Writer::Session::judge_includes(const Inspection& after,
                                                       const json::value& wanted) const {
  const auto& got = after.document.tree();
  if (same_but_for_stamps(got, wanted)) return std::nullopt;
  auto differing = changed_paths(wanted, got);
  std::erase_if(differing, [](const std::string& path) { return path.starts_with("meta."); });
  const auto path = differing.empty() ? std::string() : differing.front();
  const auto key = parse_key_path(path);
  const bool there = key && find_in_tree(got, *key) != nullptr;
  const auto& document = there ? after.document : before->document;
  const auto from = document.source(key ? *key : KeyPath());
  return comes_from(path.empty() ? "this key" : path, from.file);
}

void Writer::Session::keep_references_in(json::value& sent) const {
  if (before->config) keep_references(sent, old_tree(), before->config->tree());
}

std::optional<Refusal> Writer::Session::judge_list(const KeyPath& path) const {
  const auto own = parse_json5(before->document.text);
  if (!own) return std::nullopt;
  for (std::size_t depth = 1; depth < path.size(); ++depth) {
    const KeyPath part(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(depth));
    const auto* list = find_in_tree(old_tree(), part);
    if (list == nullptr) break;
    if (list->is_array() && find_in_tree(*own, part) == nullptr)
      return comes_from(to_text(part), before->document.source(part).file);
  }
  return std::nullopt;
}

// An editor knows no lock: what it has saved since the file was read is not written over.
bool Writer::Session::is_as_it_was() const {
  const auto& document = before->document;
  const auto now = read_from_disk(target);
  if (document.exists) return now && *now == document.text;
  return document.problem || (!now && now.error().code == Errc::not_found);
}

Status Writer::Session::keep(const Document& document, std::string by) const {
  const History history(settings.state_dir, settings.random);
  const auto kept = record_document(history, document, std::move(by), settings.clock.wall_ms());
  if (!kept) return std::unexpected(kept.error());
  return {};
}

WriteResult Writer::Session::commit(std::string text, json::value* wanted,
                                    const std::vector<HistoryFile>* bundle) {
  static const std::vector<HistoryFile> none;
  const auto& others = bundle == nullptr ? none : *bundle;
  const auto& document = before->document;
  Written out{
      .file = settings.file, .hash = document.hash(), .text = document.text, .changed = false};
  if (document.exists && text == document.text && others.empty()) return out;
  auto ready = bundle == nullptr ? prepared(std::move(text), wanted) : Text(std::move(text));
  if (!ready) return std::unexpected(std::move(ready.error()));
  // The result is read as a gateway would read it, before anything is written.
  const auto reader = [&](const std::string& path) -> Result<std::string> {
    if (path == settings.file || (!document.files.empty() && path == document.files.front().path))
      return *ready;
    const auto found = std::ranges::find(others, path, &HistoryFile::path);
    return found == others.end() ? read_from_disk(path) : Result<std::string>(found->text);
  };
  const auto after = inspect(settings.file, settings.schema, settings.environment, reader);
  if (auto refusal = judge(after)) return std::unexpected(std::move(*refusal));
  if (wanted != nullptr)
    if (auto refusal = judge_includes(after, *wanted)) return std::unexpected(std::move(*refusal));

  out.changed = true;
  out.paths = changed_paths(old_tree(), after.document.tree());
  for (auto& issue : new_issues(before->issues, after.issues))
    out.issues.push_back(std::move(issue));
  if (auto warning = newer_version_warning(old_tree(), settings.version))
    out.warnings.push_back(std::move(*warning));
  if (!request.dry_run) {
    if (auto kept = keep(document, "found on the disk"); !kept)
      return refuse(Refused::failed, kept.error());
    if (!is_as_it_was())
      return refuse(Refused::stale, Errc::conflict,
                    "config changed since last load; re-run config.get and retry");
    for (const auto& file : others)
      if (auto written = fs::atomic_write(behind_links(file.path), file.text); !written)
        return refuse(Refused::failed, written.error());
    if (auto written = fs::atomic_write(target, *ready); !written)
      return refuse(Refused::failed, written.error());
    // The file is written, so what happens to its copy does not undo the answer.
    if (auto kept = keep(after.document, request.by); !kept)
      kLog.warn("the history of the configuration was not written",
                {{"cause", kept.error().detail}});
    kLog.info("configuration written", {{"by", request.by}, {"keys", join(out.paths, ", ")}});
  }
  out.hash = secret::sha256_hex(*ready);
  out.text = std::move(*ready);
  return out;
}

}  // namespace carapace::config

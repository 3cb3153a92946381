#include "config/write/writer.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/json.h"
#include "base/text.h"
#include "config/config.h"
#include "config/edit.h"
#include "config/history.h"
#include "config/json5.h"
#include "config/text/json5_wire.h"
#include "config/text/same_tree.h"
#include "config/write/judge.h"
#include "config/write/merge_patch.h"
#include "config/write/redaction.h"
#include "config/write/seal_secrets.h"
#include "config/write/stamp.h"
#include "fs/atomic_write.h"
#include "fs/directory.h"
#include "fs/io_error.h"
#include "fs/lock.h"
#include "log/log.h"
#include "secret/hash.h"

namespace carapace::config {
namespace {

using std::string_view;

constexpr log::Log kLog{"config"};
constexpr std::chrono::seconds kLockBudget{10};

std::unexpected<Refusal> refuse(Refused why, Errc code, std::string sentence) {
  return std::unexpected(Refusal{why, {code, std::move(sentence), -1}, {}});
}
std::unexpected<Refusal> refuse(Refused why, Error error) {
  return std::unexpected(Refusal{why, std::move(error), {}});
}

// The file itself when the name is a link to it: replacing the link would part the two.
std::string behind_links(const std::string& file) {
  std::error_code error;
  const auto real = std::filesystem::canonical(file, error);
  return error ? file : real.string();
}

bool is_read_only(const Environment& environment) {
  constexpr string_view kNames[] = {"NIX_MODE", "CARAPACE_NIX_MODE", "CLAWDBOT_NIX_MODE",
                                    "MOLTBOT_NIX_MODE"};
  return std::ranges::any_of(
      kNames, [&](string_view name) { return environment.get(name).value_or("") == "1"; });
}

// Where a key lies in a file that uses the short form: its text stands for the object's first key.
KeyPath behind_short_form(const json::value& written, const KeyPath& path) {
  auto full = written;
  accept_short_forms(full);
  const auto at = [&](const json::value& tree, std::size_t depth) -> const json::value* {
    const auto* here = &tree;
    for (std::size_t i = 0; here != nullptr && i < depth; ++i) {
      const auto* object = here->if_object();
      here = object == nullptr ? nullptr : object->if_contains(path[i]);
    }
    return here;
  };
  if (path.empty()) return path;
  const auto* short_form = at(written, path.size() - 1);
  if (short_form == nullptr || !short_form->is_string() || at(full, path.size()) == nullptr)
    return path;
  return KeyPath(path.begin(), path.end() - 1);
}

bool holds_include(const json::value& value) {
  if (const auto* object = value.if_object())
    return std::ranges::any_of(*object, [](const json::key_value_pair& member) {
      return member.key() == "$include" || holds_include(member.value());
    });
  const auto* list = value.if_array();
  return list != nullptr && std::ranges::any_of(*list, holds_include);
}

// In the words of other programs of this protocol: a place and one character, never the line.
std::string syntax_error(string_view text) {
  if (auto wire = json5_wire_text(text)) return *std::move(wire);
  const auto root = read_json5(text);  // that reader knows no limits
  return root ? std::string("the text does not parse")
              : fmt::format("line {}, column {}: {}", root.error().line, root.error().column,
                            root.error().what);
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

}  // namespace

// One write, from the lock to the rename.
struct Writer::Session {
  const WriterSettings& settings;
  const WriteRequest& request;
  std::string target = {};
  std::unique_ptr<fs::FileLock> lock = {};
  std::optional<Inspection> before = {};
  json::value old_tree = json::object();  // merged, references as written

  using Text = std::expected<std::string, Refusal>;

  std::optional<Refusal> open();
  std::optional<Refusal> check_hash() const;
  Text prepared(std::string text, json::value* wanted) const;
  std::optional<Refusal> judge(const Inspection& after) const;
  // A value that only an included file can take away.
  std::optional<Refusal> judge_includes(const Inspection& after, const json::value& wanted) const;
  // `wanted`: the merged tree that must come out. `bundle`: files that come back as they were, the
  // main one (`text`) included, byte for byte.
  WriteResult commit(std::string text, json::value* wanted,
                     const std::vector<HistoryFile>* bundle = nullptr);
  Status keep(const Document& document, std::string by) const;

  Text patched(const json::value& patch) const;
};

std::optional<Refusal> Writer::Session::open() {
  if (is_read_only(settings.environment))
    return Refusal{Refused::read_only,
                   {Errc::forbidden,
                    "this configuration is managed from outside (NIX_MODE=1) and not changed here: "
                    "change it where it is made",
                    -1}};
  if (auto made = fs::ensure_dir(fs::folder_of(settings.file)); !made)
    return Refusal{Refused::failed, made.error()};
  auto held = fs::lock_within(settings.file + ".lock", kLockBudget);
  if (!held) return Refusal{Refused::failed, held.error()};
  lock = std::move(*held);
  target = behind_links(settings.file);
  before = inspect(settings.file, settings.schema, settings.environment);
  const auto& problem = before->document.problem;
  if (!problem) {
    old_tree = before->document.tree();
  } else if (auto own = parse_json5(before->document.text); own && own->is_object()) {
    old_tree = std::move(*own);
  }
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
  if (document.hash.empty() ||
      (problem && problem->failure == ReadFailure::read_error && problem->path.empty()))
    return stale("config base hash unavailable; re-run config.get and retry");
  if (given.empty()) return stale("config base hash required; re-run config.get and retry");
  if (given != document.hash)
    return stale("config changed since last load; re-run config.get and retry");
  return std::nullopt;
}

// New secrets sealed (in what is wanted too), the stamps renewed, a line end at the end.
Writer::Session::Text Writer::Session::prepared(std::string text, json::value* wanted) const {
  auto sealed =
      seal_secrets(text, old_tree, {settings.schema, settings.envelopes, settings.random});
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
    if (issue.severity == Severity::error || (issue.unknown_key && !request.keep_unknown))
      refusal.issues.push_back(std::move(issue));
  if (!refusal.issues.empty()) return refusal;
  if (request.hand == Hand::owner) return std::nullopt;
  if (const auto key = guarded_change(old_tree, document.tree(), settings.schema))
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
  const auto from = before->document.source(key ? *key : KeyPath());
  return Refusal{
      Refused::request,
      {Errc::conflict,
       fmt::format("{} comes from the included file {}, and the main file cannot take it "
                   "away or change it this way. Change it there.",
                   path.empty() ? "this key" : path, from.file),
       -1}};
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
      .file = settings.file, .hash = document.hash, .text = document.text, .changed = false};
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
  out.paths = changed_paths(old_tree, after.document.tree());
  for (auto& issue : new_issues(before->issues, after.issues))
    out.issues.push_back(std::move(issue));
  if (auto warning = newer_version_warning(old_tree, settings.version))
    out.warnings.push_back(std::move(*warning));
  if (!request.dry_run) {
    if (auto kept = keep(document, "found on the disk"); !kept)
      return refuse(Refused::failed, kept.error());
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

namespace {

std::unexpected<Refusal> broken(const Document& document) {
  const auto& problem = *document.problem;
  Refusal refusal{Refused::broken,
                  {Errc::conflict, "invalid config; fix before patching", -1},
                  {{.severity = Severity::error, .path = problem.path, .message = problem.what}}};
  refusal.issues.front().wire_path = problem.path;
  const auto root = read_json5(document.text);
  refusal.issues.front().wire = root ? fmt::format("{}: {}", name_of(problem.failure), problem.what)
                                     : syntax_error(document.text);
  return std::unexpected(std::move(refusal));
}

}  // namespace

WriteResult Writer::replace(string_view text, const WriteRequest& request) const {
  Session session{settings_, request};
  if (auto refusal = session.open()) return std::unexpected(std::move(*refusal));
  const auto& document = session.before->document;
  // Nobody far away can say what would be lost with it.
  if (document.exists && request.hand == Hand::remote && document.problem &&
      !trim(document.text).empty() && !read_json5(document.text))
    return broken(document);
  if (const auto root = read_json5(text); !root)
    return refuse(Refused::request, Errc::invalid_request, syntax_error(text));
  std::string whole(text);
  if (text.contains(kRedactedMark)) {
    const Redaction redaction(settings_.schema, {&session.old_tree});
    auto restored = redaction.restored_text(text, document.text, session.old_tree);
    if (!restored) return refuse(Refused::request, restored.error());
    whole = std::move(*restored);
  }
  if (!whole.ends_with('\n')) whole += '\n';
  return session.commit(std::move(whole), nullptr);
}

WriteResult Writer::patch(string_view patch, const WriteRequest& request) const {
  Session session{settings_, request};
  if (auto refusal = session.open()) return std::unexpected(std::move(*refusal));
  const auto& document = session.before->document;
  const auto root = read_json5(patch);
  if (!root) return refuse(Refused::request, Errc::invalid_request, syntax_error(patch));
  if (root->kind != Json5Node::Kind::object)
    return refuse(Refused::request, Errc::invalid_request, "config.patch raw must be an object");
  if (document.problem) return broken(document);
  const Redaction redaction(settings_.schema, {&session.old_tree});
  const auto sent = redaction.restored(to_json(*root), session.old_tree);
  if (!sent) return refuse(Refused::request, sent.error());
  auto text = merge_patch_in_text(document.text, session.old_tree, *sent);
  if (!text) return refuse(Refused::request, text.error());
  if (holds_include(*sent)) return session.commit(std::move(*text), nullptr);
  auto wanted = merge_patch(session.old_tree, *sent);
  if (*text == document.text)
    if (auto refusal = session.judge_includes(*session.before, wanted))
      return std::unexpected(std::move(*refusal));
  return session.commit(std::move(*text), &wanted);
}

WriteResult Writer::set(const KeyPath& path, const json::value& value,
                        const WriteRequest& request) const {
  Session session{settings_, request};
  if (auto refusal = session.open()) return std::unexpected(std::move(*refusal));
  const auto& document = session.before->document;
  if (document.problem) return broken(document);
  const auto place = behind_short_form(session.old_tree, path);
  auto wanted = session.old_tree;
  if (auto put = set_in_tree(wanted, place, value); !put)
    return refuse(Refused::request, put.error());
  // A mark is restored where it stands, which only the whole tree can tell.
  const Redaction redaction(settings_.schema, {&session.old_tree});
  auto restored = redaction.restored(wanted, session.old_tree);
  if (!restored) return refuse(Refused::request, restored.error());
  wanted = std::move(*restored);
  const auto* here = find_in_tree(wanted, place);
  const auto* old = find_in_tree(session.old_tree, place);
  if (old != nullptr && here != nullptr && same_tree(*old, *here))
    return session.commit(document.text, nullptr);
  auto text = set_in_text(document.text, place, here == nullptr ? value : *here);
  if (!text) return refuse(Refused::request, text.error());
  return session.commit(std::move(*text), &wanted);
}

WriteResult Writer::unset(const KeyPath& path, const WriteRequest& request) const {
  Session session{settings_, request};
  if (auto refusal = session.open()) return std::unexpected(std::move(*refusal));
  const auto& document = session.before->document;
  if (document.problem) return broken(document);
  auto wanted = session.old_tree;
  if (!unset_in_tree(wanted, path))
    return refuse(Refused::request, Errc::not_found, fmt::format("{} is not set", to_text(path)));
  auto text = unset_in_text(document.text, path);
  if (!text && text.error().code == Errc::not_found) {
    if (auto refusal = session.judge_includes(*session.before, wanted))
      return std::unexpected(std::move(*refusal));
  }
  if (!text) return refuse(Refused::request, text.error());
  return session.commit(std::move(*text), &wanted);
}

WriteResult Writer::roll_back(std::uint64_t number, const WriteRequest& wish) const {
  auto request = wish;
  request.keep_unknown = true;  // it stood there before
  Session session{settings_, request};
  if (auto refusal = session.open()) return std::unexpected(std::move(*refusal));
  const History history(settings_.state_dir, settings_.random);
  auto entry = history.load(number);
  if (!entry)
    return refuse(entry.error().code == Errc::not_found ? Refused::request : Refused::failed,
                  entry.error());
  if (entry->files.empty())
    return refuse(Refused::failed, Errc::internal,
                  fmt::format("number {} of the history holds no file", number));
  std::vector<HistoryFile> others;
  for (std::size_t i = 1; i < entry->files.size(); ++i) {
    const auto now = read_from_disk(entry->files[i].path);
    if (!now || *now != entry->files[i].text) others.push_back(entry->files[i]);
  }
  return session.commit(entry->files.front().text, nullptr, &others);
}

}  // namespace carapace::config

#include "app/verbs/migrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "app/doctor/finding.h"
#include "app/doctor/leftovers.h"
#include "app/start/fields.h"
#include "app/terminal/output.h"
#include "app/verbs/config/actions.h"
#include "app/verbs/config/effect.h"
#include "base/json.h"
#include "base/text.h"
#include "config/config.h"
#include "config/edit.h"
#include "config/read/plain_secrets.h"
#include "secret/hash.h"

namespace carapace::app {
namespace {

using secret::Credentials;
using secret::Sealed;

// Names that others know (infrastructure specification B.3).
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kWellKnown{{
    {"gateway.auth.token", "gateway:token:default"},
    {"gateway.auth.password", "gateway:password:default"},
    {"hooks.token", "hooks:token:default"},
}};

std::string account_of(const std::string& key) {
  for (const auto& [path, account] : kWellKnown)
    if (path == key) return std::string(account);
  auto account = "config:main:" + key;
  if (secret::check_account(account)) return account;
  const auto dot = key.rfind('.');
  account = fmt::format("config:main:{}-{}", secret::sha256_hex(key).substr(0, 12),
                        dot == std::string::npos ? key : key.substr(dot + 1));
  if (secret::check_account(account)) return account;
  return "config:main:" + secret::sha256_hex(key).substr(0, 32);
}

struct Move {
  config::KeyPath path;
  std::string key;
  std::string account;
  Sealed value;
  config::Source elsewhere = {};  // the included file in which the plain text stays
};

struct Left {
  std::string key;
  std::string why;  // a sentence that says what to do
};

struct Moves {
  std::vector<Move> all;
  std::vector<Left> left;
  std::vector<std::string> files;  // of other programs, with credentials in the clear
};

// Where a variable would be put into something that is not a secret by itself: a reference must not
// end up there. Empty: nowhere.
std::string mixed_use(const json::value& value, config::KeyPath& path, std::string_view wanted) {
  const auto inside = [&](std::string part, const json::value& child) {
    path.push_back(std::move(part));
    auto found = mixed_use(child, path, wanted);
    path.pop_back();
    return found;
  };
  if (const auto* text = value.if_string()) {
    const std::string_view all(*text);
    if (!all.contains(wanted) || (all == wanted && schema().is_secret(path))) return {};
    return config::to_text(path);
  }
  if (const auto* object = value.if_object())
    for (const auto& [name, child] : *object)
      if (auto found = inside(std::string(name), child); !found.empty()) return found;
  if (const auto* list = value.if_array())
    for (std::size_t i = 0; i < list->size(); ++i)
      if (auto found = inside(std::to_string(i), (*list)[i]); !found.empty()) return found;
  return {};
}

Moves moves_in(const config::Document& document, const std::string& file) {
  Moves moves;
  for (const auto& path : config::plain_secrets(document.tree(), schema())) {
    const auto key = config::to_text(path);
    if (path.front() == "env") {
      config::KeyPath at;
      const auto use = mixed_use(document.tree(), at, "${" + path.back() + "}");
      if (!use.empty()) {
        moves.left.push_back({key, fmt::format("{} puts this variable into a longer text or into "
                                               "something that is no secret; write it there "
                                               "otherwise, then run this again.",
                                               use)});
        continue;
      }
    }
    const auto* value = config::find_in_tree(document.tree(), path);
    if (value == nullptr || !value->is_string()) continue;
    const auto source = document.source(path);
    moves.all.push_back({path, key, account_of(key),
                         Sealed(std::string(std::string_view(value->get_string()))),
                         source.file.empty() || source.file == file ? config::Source() : source});
  }
  return moves;
}

// The text of the file with all references; what cannot be put there goes over to `left`.
std::string with_references(const config::Document& document, Moves& moves) {
  std::string text = document.text;
  std::erase_if(moves.all, [&](const Move& move) {
    auto next = config::set_in_text(text, move.path, json::value("keychain:" + move.account));
    if (next) {
      text = std::move(*next);
      return false;
    }
    moves.left.push_back({move.key, fmt::format("it can only be changed where it stands: {}.",
                                                config::to_text(document.source(move.path)))});
    return true;
  });
  return text;
}

// What was kept for a change that did not come about goes again.
void take_back(Credentials& credentials, const std::vector<std::string>& accounts) {
  for (const auto& account : accounts)
    if (const auto gone = credentials.remove(account); !gone)
      print_error(fmt::format("{} stays in the store: {}", account, gone.error().detail));
}

// Somebody else's value of that name is not replaced. One that an interrupted call left there, and
// could not list any more, is set again. true: it was not there before.
Result<bool> keep(Credentials& credentials, const Move& move) {
  const auto there = credentials.get(move.account);
  if (there && !there->equals(move.value.reveal()))
    return fail(Errc::conflict, "{} holds another value already: carapace credentials delete {}",
                move.account, move.account);
  if (!there && secret::fault_of(there.error()) != secret::StoreFault::not_found)
    return std::unexpected(there.error());
  TRY(const auto listed, credentials.list());
  const bool known =
      std::ranges::find(listed, move.account, &secret::CredentialEntry::account) != listed.end();
  if (!there || !known) TRY_STATUS(credentials.set(move.account, move.value));
  return !there;
}

Result<std::vector<std::string>> keep_all(Credentials& credentials,
                                          const std::vector<Move>& moves) {
  std::vector<std::string> kept;
  for (const auto& move : moves) {
    const auto fresh = keep(credentials, move);
    if (!fresh) {
      take_back(credentials, kept);
      return fail(fresh.error().code, "{}: {}", move.key, fresh.error().detail);
    }
    if (*fresh) kept.push_back(move.account);
  }
  return kept;
}

constexpr const char* kFileAdvice =
    "is of an earlier program, holds credentials in the clear, and is not read";

void tell(const CredentialCall& call, const Moves& moves) {
  for (const auto& move : moves.all) {
    print_line(fmt::format("{} {} keychain:{}", move.key,
                           call.options.dry_run ? "would become" : "is now", move.account));
    if (!move.elsewhere.file.empty())
      print_line(fmt::format("  {} still holds the plain text: take it out there.",
                             config::to_text(move.elsewhere)));
  }
  for (const auto& left : moves.left) print_line(fmt::format("{} stays: {}", left.key, left.why));
  for (const auto& file : moves.files)
    print_line(fmt::format("{} {}. Sign in anew where it is needed, then: rm {}", file, kFileAdvice,
                           doctor::shell_word(file)));
  if (moves.all.empty() && moves.left.empty())
    print_line("No secret stands in the configuration in the clear.");
}

json::object json_of(const Moves& moves, bool dry_run) {
  json::array all, left;
  for (const auto& move : moves.all) {
    json::object one{{"key", move.key}, {"reference", "keychain:" + move.account}};
    if (!move.elsewhere.file.empty()) one["stillIn"] = config::to_text(move.elsewhere);
    all.push_back(std::move(one));
  }
  for (const auto& one : moves.left)
    left.push_back(json::object{{"key", one.key}, {"reason", one.why}});
  return {{"ok", true},
          {"dryRun", dry_run},
          {"moved", std::move(all)},
          {"left", std::move(left)},
          {"files", json::array(moves.files.begin(), moves.files.end())}};
}

// An exit code when it did not go well.
std::optional<int> move_all(const CredentialCall& call, const config::Inspection& before,
                            Moves& moves) {
  const auto& options = call.options;
  const auto text = with_references(before.document, moves);
  if (moves.all.empty()) return std::nullopt;
  if (const auto chosen = call.credentials.chosen(); !chosen)
    return report(chosen.error(), options.json);
  std::vector<std::string> kept;
  if (!options.dry_run) {
    auto all = keep_all(call.credentials, moves.all);
    if (!all) return report(all.error(), options.json);
    kept = std::move(*all);
  }
  const ConfigCall as_config{options, call.environment, call.paths, schema()};
  const auto written = with_writer(as_config, [&](const config::Writer& writer) {
    return writer.replace(text, {.by = "credentials migrate",
                                 .base_hash = before.document.hash(),
                                 .needs_hash = true,
                                 .dry_run = options.dry_run});
  });
  if (written) return std::nullopt;
  take_back(call.credentials, kept);
  return report(written.error(), before, options.json);
}

}  // namespace

int migrate_credentials(const CredentialCall& call) {
  const auto before = config::inspect(call.paths.config_file, schema(), call.environment);
  if (before.document.problem)
    return report(config::to_error(*before.document.problem), call.options.json);
  auto moves = moves_in(before.document, call.paths.config_file);
  moves.files = doctor::credential_files(call.paths.state_dir);
  if (const auto failed = move_all(call, before, moves)) return *failed;
  if (call.options.json) {
    print_line(dump_json(json_of(moves, call.options.dry_run)));
  } else {
    tell(call, moves);
  }
  return kExitOk;
}

}  // namespace carapace::app

// credentials list | set | delete | migrate: the secrets of this installation, in the keyring of
// the machine or in an encrypted file. Values come in without echo and never go out.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>
#include <utility>

#include "app/start/fields.h"
#include "app/start/own_credential.h"
#include "app/terminal/line_reader.h"
#include "app/terminal/output.h"
#include "app/verbs/config/actions.h"
#include "app/verbs/config/effect.h"
#include "app/verbs/verbs.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time_text.h"
#include "config/config.h"
#include "config/edit.h"
#include "config/read/plain_secrets.h"
#include "log/log.h"
#include "secret/credentials.h"
#include "secret/hash.h"

namespace carapace::app {
namespace {

using secret::Credentials;
using secret::Sealed;

struct Call {
  const Options& options;
  const config::Environment& environment;
  const config::Paths& paths;
  Credentials& credentials;
};

std::string where(const Call& call, const secret::StoreRow& row) {
  if (row.of_platform) return std::string(row.label);
  return fmt::format(
      "{} ({})", row.label,
      secret::file_store_key_in_words(
          {.folder = call.paths.state_dir + "/credentials",
           .password = Sealed(call.environment.get("CARAPACE_CONFIG_PASSWORD").value_or(""))}));
}

// --- list ---

json::object json_of(const secret::CredentialEntry& entry) {
  return {{"name", entry.account},
          {"store", entry.store},
          {"reference", "keychain:" + entry.account},
          {"createdAt", entry.created_ms},
          {"updatedAt", entry.updated_ms}};
}

int list(const Call& call) {
  const auto entries = call.credentials.list();
  if (!entries) return report(entries.error(), call.options.json);
  const auto chosen = call.credentials.chosen();
  if (call.options.json) {
    json::object store;
    if (chosen) {
      store = {{"id", chosen->row->id},
               {"label", where(call, *chosen->row)},
               {"reason", chosen->reason}};
    } else {
      store = {{"id", nullptr}, {"reason", chosen.error().detail}};
    }
    json::array all;
    for (const auto& entry : *entries) all.push_back(json_of(entry));
    print_line(
        dump_json(json::object{{"store", std::move(store)}, {"credentials", std::move(all)}}));
    return kExitOk;
  }
  if (chosen) {
    print_line(
        fmt::format("New credentials go to {}: {}.", where(call, *chosen->row), chosen->reason));
  } else {
    print_line(fmt::format("New credentials cannot be kept: {}.", chosen.error().detail));
  }
  for (const auto& entry : *entries)
    print_line(
        fmt::format("{:<40} {:<16} {}", entry.account, entry.store, iso8601(entry.updated_ms)));
  if (entries->empty()) print_line("There are none yet.");
  return kExitOk;
}

// --- set and delete ---

Result<Sealed> typed_secret(const Options& options) {
  if (options.value_given && options.value != "-")
    return fail(Errc::invalid_request,
                "a secret among the words of a command can be seen by others: leave it out to be "
                "asked, or write - and give it on standard input");
  std::optional<std::string> text;
  if (is_terminal(0)) {
    text = read_secret("value: ");
  } else {
    std::string all{std::istreambuf_iterator<char>(std::cin), {}};
    if (all.ends_with('\n')) all.pop_back();
    if (all.ends_with('\r')) all.pop_back();
    text = std::move(all);
  }
  if (!text || text->empty())
    return fail(Errc::invalid_request, "no value was given; nothing was changed");
  return Sealed(std::move(*text));
}

int set(const Call& call) {
  if (const auto named = secret::check_account(call.options.name); !named)
    return report(named.error(), call.options.json);
  const auto value = typed_secret(call.options);
  if (!value) return report(value.error(), call.options.json);
  if (const auto kept = call.credentials.set(call.options.name, *value); !kept)
    return report(kept.error(), call.options.json);
  const auto reference = "keychain:" + call.options.name;
  const auto entries = call.credentials.list();
  const secret::StoreRow* row = nullptr;
  for (const auto& entry : entries ? *entries : std::vector<secret::CredentialEntry>{})
    if (entry.account == call.options.name) row = secret::store_row(entry.store);
  if (call.options.json) {
    print_line(dump_json(json::object{{"ok", true},
                                      {"name", call.options.name},
                                      {"store", row ? row->id : std::string_view()},
                                      {"reference", reference}}));
  } else {
    print_line(fmt::format("Kept in {}. The configuration refers to it as \"{}\".",
                           row ? where(call, *row) : "the store", reference));
  }
  return kExitOk;
}

int erase(const Call& call) {
  if (const auto gone = call.credentials.remove(call.options.name); !gone)
    return report(gone.error(), call.options.json);
  if (call.options.json) {
    print_line(dump_json(json::object{{"ok", true}, {"name", call.options.name}}));
  } else {
    print_line(fmt::format("{} is deleted.", call.options.name));
  }
  return kExitOk;
}

// --- migrate ---

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
};

struct Moves {
  std::vector<Move> all;
  std::vector<std::string> left;  // keys that programs see as variables, where no reference helps
};

Moves moves_in(const config::Document& document) {
  Moves moves;
  for (const auto& path : config::plain_secrets(document.tree(), schema())) {
    const auto key = config::to_text(path);
    if (path.front() == "env") {
      moves.left.push_back(key);
      continue;
    }
    const auto* value = config::find_in_tree(document.tree(), path);
    if (value == nullptr || !value->is_string()) continue;
    moves.all.push_back(
        {path, key, account_of(key), Sealed(std::string(std::string_view(value->get_string())))});
  }
  return moves;
}

// One write for all of them: a merge patch with the references; items of lists are set one by one,
// because a patch replaces a list whole.
config::WriteResult write_references(const config::Writer& writer, const std::vector<Move>& moves,
                                     const std::string& hash, bool dry_run) {
  config::WriteRequest request{.by = "credentials migrate", .base_hash = hash, .dry_run = dry_run};
  json::object patch;
  std::vector<const Move*> in_lists;
  for (const auto& move : moves) {
    const bool in_list = std::ranges::any_of(move.path, [](const std::string& part) {
      return part.find_first_not_of("0123456789") == std::string::npos;
    });
    if (in_list) {
      in_lists.push_back(&move);
      continue;
    }
    auto* at = &patch;
    for (std::size_t i = 0; i + 1 < move.path.size(); ++i) {
      auto& next = (*at)[move.path[i]];
      if (!next.is_object()) next = json::object();
      at = &next.get_object();
    }
    (*at)[move.path.back()] = "keychain:" + move.account;
  }
  config::WriteResult written = config::Written{};
  if (!patch.empty()) written = writer.patch(dump_json(patch), request);
  for (const auto* move : in_lists) {
    if (!written) return written;
    if (!dry_run && written->changed) request.base_hash = written->hash;
    written = writer.set(move->path, json::value("keychain:" + move->account), request);
  }
  return written;
}

// What was kept for a change that did not come about goes again.
void take_back(Credentials& credentials, const std::vector<std::string>& accounts) {
  for (const auto& account : accounts)
    if (const auto gone = credentials.remove(account); !gone)
      print_error(fmt::format("{} stays in the store: {}", account, gone.error().detail));
}

Result<std::vector<std::string>> keep_all(Credentials& credentials,
                                          const std::vector<Move>& moves) {
  std::vector<std::string> kept;
  for (const auto& move : moves) {
    // Somebody else's value of that name is not replaced.
    auto there = credentials.get(move.account);
    auto done = there ? there->equals(move.value.reveal())
                            ? Status{}
                            : Status(fail(Errc::conflict,
                                          "{} holds another value already: carapace credentials "
                                          "delete {}",
                                          move.account, move.account))
                      : credentials.set(move.account, move.value);
    if (!done) {
      take_back(credentials, kept);
      return fail(done.error().code, "{}: {}", move.key, done.error().detail);
    }
    if (!there) kept.push_back(move.account);
  }
  return kept;
}

void tell_moves(const Call& call, const Moves& moves) {
  for (const auto& move : moves.all)
    print_line(fmt::format("{} {} keychain:{}", move.key,
                           call.options.dry_run ? "would become" : "is now", move.account));
  for (const auto& key : moves.left)
    print_line(fmt::format(
        "{} stays: it is a variable. Take it out and set the key that uses it instead.", key));
}

json::object json_of(const Moves& moves, bool dry_run) {
  json::array all;
  for (const auto& move : moves.all)
    all.push_back(json::object{{"key", move.key}, {"reference", "keychain:" + move.account}});
  return {{"ok", true},
          {"dryRun", dry_run},
          {"moved", std::move(all)},
          {"left", json::array(moves.left.begin(), moves.left.end())}};
}

int migrate(const Call& call) {
  const ConfigCall as_config{call.options, call.environment, call.paths, schema()};
  const auto before = config::inspect(call.paths.config_file, schema(), call.environment);
  if (before.document.problem)
    return report(config::to_error(*before.document.problem), call.options.json);
  const auto moves = moves_in(before.document);
  std::vector<std::string> kept;
  if (!moves.all.empty()) {
    if (const auto chosen = call.credentials.chosen(); !chosen)
      return report(chosen.error(), call.options.json);
    if (!call.options.dry_run) {
      auto all = keep_all(call.credentials, moves.all);
      if (!all) return report(all.error(), call.options.json);
      kept = std::move(*all);
    }
    const auto written = with_writer(as_config, [&](const config::Writer& writer) {
      return write_references(writer, moves.all, before.document.hash, call.options.dry_run);
    });
    if (!written) {
      take_back(call.credentials, kept);
      return report(written.error(), before, call.options.json);
    }
  }
  if (call.options.json) {
    print_line(dump_json(json_of(moves, call.options.dry_run)));
    return kExitOk;
  }
  tell_moves(call, moves);
  if (moves.all.empty()) print_line("No secret stands in the configuration in the clear.");
  return kExitOk;
}

constexpr std::array<std::pair<std::string_view, int (*)(const Call&)>, 4> kActions{
    {{"list", list}, {"set", set}, {"delete", erase}, {"migrate", migrate}}};

}  // namespace

int run_credentials(const Options& options, const config::Environment& environment) {
  const auto paths = config::resolve_paths(environment, {options.state_dir, options.config_file});
  if (!paths) return report(paths.error(), options.json);
  log::Settings quiet;
  quiet.level = log::Level::warn;  // what happened is said in words anyway
  log::configure(quiet);
  const auto credentials = make_credentials(environment, paths->state_dir);
  for (const auto& [name, run] : kActions)
    if (name == options.credential_action) return run({options, environment, *paths, *credentials});
  return kExitUsage;
}

}  // namespace carapace::app

// credentials list | set | delete | migrate: the secrets of this installation, in the keyring of
// the machine or in an encrypted file. Values come in without echo and never go out.
#include <fmt/format.h>

#include <array>
#include <iostream>
#include <utility>

#include "app/start/own_credential.h"
#include "app/terminal/line_reader.h"
#include "app/terminal/output.h"
#include "app/verbs/migrate.h"
#include "app/verbs/verbs.h"
#include "base/json.h"
#include "base/time_text.h"
#include "log/log.h"
#include "secret/credentials.h"

namespace carapace::app {
namespace {

using secret::Sealed;

using Call = CredentialCall;

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
    // Nobody should think that the keyring has it.
    const auto chosen = call.credentials.chosen();
    if (row && !row->of_platform && chosen && chosen->row == row)
      print_line(fmt::format("Why there: {}.", chosen->reason));
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

constexpr std::array<std::pair<std::string_view, int (*)(const Call&)>, 4> kActions{
    {{"list", list}, {"set", set}, {"delete", erase}, {"migrate", migrate_credentials}}};

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

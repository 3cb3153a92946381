// Can what the configuration refers to be opened? Nothing is opened to find out: a store is asked
// whether it is there, the index what it holds, the disk who may read a file.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <functional>

#include "app/doctor/check.h"
#include "app/start/fields.h"
#include "app/start/own_credential.h"
#include "base/json.h"
#include "config/key_path.h"
#include "config/secret_opener.h"
#include "secret/credentials.h"

namespace carapace::doctor {
namespace {

constexpr std::string_view kKeychain = "keychain:";
constexpr std::string_view kFile = "file:";

struct Reference {
  std::string key;
  std::string text;
};

void collect(const json::value& value, config::KeyPath& path, std::vector<Reference>& out) {
  const auto enter = [&path, &out](std::string part, const json::value& child) {
    path.push_back(std::move(part));
    collect(child, path, out);
    path.pop_back();
  };
  if (const auto* object = value.if_object()) {
    for (const auto& [name, child] : *object) enter(std::string(name), child);
  } else if (const auto* list = value.if_array()) {
    for (std::size_t i = 0; i < list->size(); ++i) enter(std::to_string(i), (*list)[i]);
  } else if (const auto* text = value.if_string(); text != nullptr) {
    if (config::SecretOpener::is_reference(std::string_view(*text)) &&
        app::schema().is_secret(path))
      out.push_back({config::to_text(path), std::string(std::string_view(*text))});
  }
}

void look_at_file(const Ground& ground, const Reference& reference, Findings& out) {
  const auto path = config::expand_home(std::string_view(reference.text).substr(kFile.size()),
                                        ground.environment);
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    out.push_back({.check_id = "credentials.file_missing",
                   .severity = Severity::critical,
                   .title = fmt::format("{} refers to a file that is not there", reference.key),
                   .detail = path + " does not exist.",
                   .remediation = fmt::format("install -m 600 /dev/stdin {}", shell_word(path))});
  } else if (S_ISREG(info.st_mode) && (info.st_mode & 0066U) != 0) {
    out.push_back({.check_id = "credentials.file_readable",
                   .severity = Severity::critical,
                   .title = fmt::format("Others may read the secret of {}", reference.key),
                   .detail = fmt::format("{} has mode {:03o}.", path, info.st_mode & 0777U),
                   .remediation = fmt::format("chmod 600 {}", shell_word(path))});
  }
}

using Entries = std::vector<secret::CredentialEntry>;

// Accounts of other services are not in our index.
void look_at_account(const Ground& ground, const Reference& reference, const Entries& entries,
                     Findings& out) {
  const auto account = reference.text.substr(kKeychain.size());
  if (account.contains('/') ||
      std::ranges::find(entries, account, &secret::CredentialEntry::account) != entries.end())
    return;
  out.push_back({.check_id = "credentials.missing",
                 .severity = Severity::critical,
                 .title = fmt::format("{} refers to a credential that is not there", reference.key),
                 .detail = fmt::format("There is none named {}.", account),
                 .remediation = ground.command("credentials set " + shell_word(account))});
}

void look_at_stores(const Ground& ground, secret::Credentials& credentials, const Entries& entries,
                    bool needed, Findings& out) {
  std::vector<std::string> told;
  for (const auto& entry : entries) {
    if (std::ranges::find(told, entry.store) != told.end()) continue;
    told.push_back(entry.store);
    const auto* row = secret::store_row(entry.store);
    SystemRandom random;
    const secret::StorePlace place{
        .folder = ground.state_file("credentials"),
        .password = secret::Sealed(ground.environment.get("CARAPACE_CONFIG_PASSWORD").value_or("")),
        .random = &random};
    const auto opened = row ? row->open(place)
                            : Result<std::unique_ptr<secret::Store>>(
                                  fail(Errc::unavailable, "this build does not know it"));
    if (opened) continue;
    out.push_back(
        {.check_id = "credentials.store_away",
         .severity = Severity::critical,
         .title = fmt::format("Credentials lie in {}, which does not answer",
                              row ? row->label : std::string_view(entry.store)),
         .detail = opened.error().detail,
         .remediation = ground.command("credentials list   # from a session that has a keyring")});
  }
  if (!entries.empty() || !needed) return;
  if (const auto chosen = credentials.chosen(); !chosen)
    out.push_back({.check_id = "credentials.no_store",
                   .severity = Severity::critical,
                   .title = "No place of this machine keeps credentials",
                   .detail = chosen.error().detail,
                   .remediation = "export CARAPACE_CONFIG_PASSWORD=…   # locks an encrypted file"});
}

Findings run(const Ground& ground) {
  Findings out;
  std::vector<Reference> references;
  config::KeyPath path;
  collect(ground.inspection.document.tree(), path, references);
  const auto credentials = app::make_credentials(ground.environment, ground.paths.state_dir);
  const bool ours = std::ranges::any_of(
      references, [](const Reference& one) { return one.text.starts_with(kKeychain); });
  const auto listed = credentials->list();
  if (!listed)
    out.push_back(
        {.check_id = "credentials.index",
         .severity = Severity::critical,
         .title = "The list of credentials cannot be read",
         .detail = listed.error().detail,
         .remediation = fmt::format("ls -l {}", shell_word(ground.state_file("credentials")))});
  const auto entries = listed ? *listed : Entries();
  if (listed) look_at_stores(ground, *credentials, entries, ours, out);
  const config::SecretOpener opener(ground.environment);
  for (const auto& reference : references) {
    if (reference.text.starts_with(kFile)) look_at_file(ground, reference, out);
    if (listed && reference.text.starts_with(kKeychain))
      look_at_account(ground, reference, entries, out);
    if (opener.is_locked(reference.text))
      out.push_back(
          {.check_id = "credentials.locked",
           .severity = Severity::critical,
           .title = fmt::format("{} is encrypted, and nobody gave the password", reference.key),
           .detail = "CARAPACE_CONFIG_PASSWORD is not set here, so the value counts as "
                     "absent.",
           .remediation = "export CARAPACE_CONFIG_PASSWORD=…"});
  }
  return out;
}

}  // namespace

extern const Check credentials_check;
constinit const Check credentials_check{
    .id = "credentials", .title = "credentials that are referred to", .run = run};

}  // namespace carapace::doctor

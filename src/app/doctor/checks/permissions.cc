// Who else may read or change what is ours? Folders 700, files 600.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <span>

#include "app/doctor/check.h"
#include "base/text.h"

namespace carapace::doctor {
namespace {

// The first one that holds for a place is told.
struct Rule {
  std::string_view id;
  mode_t bits;
  Severity severity;
  std::string_view title;
};

struct Kind {
  std::string_view id;
  bool folder;
  std::string_view link_id;  // empty: being a symbolic link is no fault
  std::span<const Rule> rules;
};

constexpr Rule kStateRules[] = {
    {"state_dir.perms_world_writable", 0002, Severity::critical,
     "Everybody may change what is in the state folder"},
    {"state_dir.perms_group_writable", 0020, Severity::warn,
     "The group may change what is in the state folder"},
    {"state_dir.perms_readable", 0055, Severity::warn, "Others may look into the state folder"},
};
constexpr Rule kConfigRules[] = {
    {"config.perms_writable", 0022, Severity::critical, "Others may change the configuration"},
    {"config.perms_world_readable", 0004, Severity::critical,
     "Everybody may read the configuration"},
    {"config.perms_group_readable", 0040, Severity::warn, "The group may read the configuration"},
};
constexpr Rule kIncludeRules[] = {
    {"config_include.perms_writable", 0022, Severity::critical,
     "Others may change a file that the configuration includes"},
    {"config_include.perms_world_readable", 0004, Severity::critical,
     "Everybody may read a file that the configuration includes"},
    {"config_include.perms_group_readable", 0040, Severity::warn,
     "The group may read a file that the configuration includes"},
};
constexpr Rule kBackupRules[] = {
    {"config_backup.perms_readable", 0066, Severity::warn,
     "Others may read an old copy of the configuration"},
};
constexpr Rule kCredentialsRules[] = {
    {"credentials_dir.perms_writable", 0022, Severity::critical,
     "Others may change what is in the folder of credentials"},
    {"credentials_dir.perms_readable", 0055, Severity::warn,
     "Others may look into the folder of credentials"},
};
constexpr Rule kCredentialRules[] = {
    {"credentials_file.perms_writable", 0022, Severity::critical,
     "Others may change a file of credentials"},
    {"credentials_file.perms_readable", 0044, Severity::critical,
     "Others may read a file of credentials"},
};
constexpr Rule kProfileRules[] = {
    {"auth_profiles.perms_writable", 0022, Severity::critical,
     "Others may change sign-in profiles"},
    {"auth_profiles.perms_readable", 0044, Severity::critical, "Others may read sign-in profiles"},
};
constexpr Rule kHistoryRules[] = {
    {"config_history.perms_writable", 0022, Severity::critical,
     "Others may change earlier configurations"},
    {"config_history.perms_readable", 0055, Severity::warn,
     "Others may look at earlier configurations"},
};
constexpr Rule kTokenRules[] = {
    {"gateway_token.perms_readable", 0077, Severity::critical,
     "Others may read the gateway's token"},
};
constexpr Rule kStoreRules[] = {
    {"sessions_store.perms_readable", 0066, Severity::critical,
     "Others may read what was said in all sessions"},
};
constexpr Rule kLogRules[] = {
    {"log_file.perms_readable", 0066, Severity::warn, "Others may read the log"},
};

constexpr Kind kState{"state_dir", true, "state_dir.symlink", kStateRules};
constexpr Kind kConfig{"config", false, "config.symlink", kConfigRules};
constexpr Kind kInclude{"config_include", false, "", kIncludeRules};
constexpr Kind kBackup{"config_backup", false, "", kBackupRules};
constexpr Kind kCredentials{"credentials_dir", true, "credentials_dir.symlink", kCredentialsRules};
constexpr Kind kCredential{"credentials_file", false, "", kCredentialRules};
constexpr Kind kProfile{"auth_profiles", false, "", kProfileRules};
constexpr Kind kHistory{"config_history", true, "", kHistoryRules};
constexpr Kind kHistoryFile{"config_history", false, "", kHistoryRules};
constexpr Kind kToken{"gateway_token", false, "gateway_token.symlink", kTokenRules};
constexpr Kind kStore{"sessions_store", false, "", kStoreRules};
constexpr Kind kLog{"log_file", false, "", kLogRules};

std::string chmod_command(const Kind& kind, const std::string& path) {
  return fmt::format("chmod {} {}", kind.folder ? "700" : "600", shell_word(path));
}

void look_at_link(const Kind& kind, const std::string& path, Findings& out) {
  if (kind.link_id.empty()) return;
  std::error_code error;
  const auto target = std::filesystem::read_symlink(path, error).string();
  out.push_back({.check_id = std::string(kind.link_id),
                 .severity = Severity::warn,
                 .title = "A symbolic link stands where our own is expected",
                 .detail = fmt::format("{} leads to {}; who can change the link decides what is "
                                       "used.",
                                       path, target),
                 .remediation = fmt::format("rm {0} && mv {1} {0}   # stop the gateway first",
                                            shell_word(path), shell_word(target))});
}

void look_at_owner(const Kind& kind, const std::string& path, const struct stat& info,
                   Findings& out) {
  const auto us = ::geteuid();
  if (us == 0 || info.st_uid == us) return;
  out.push_back(
      {.check_id = fmt::format("{}.foreign_owner", kind.id),
       .severity = Severity::critical,
       .title = "It belongs to another user",
       .detail = fmt::format("{} belongs to user {}; this is user {}.", path, info.st_uid, us),
       .remediation = fmt::format("sudo chown {} {}", us, shell_word(path))});
}

void look_at(const Kind& kind, const std::string& path, Findings& out) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return;
  const bool link = S_ISLNK(info.st_mode);
  if (link) {
    look_at_link(kind, path, out);
    if (::stat(path.c_str(), &info) != 0) return;
  }
  // Anything else is told by whoever reads it.
  if (kind.folder ? !S_ISDIR(info.st_mode) : !S_ISREG(info.st_mode)) return;
  look_at_owner(kind, path, info, out);
  for (const auto& rule : kind.rules) {
    if ((info.st_mode & rule.bits) == 0) continue;
    out.push_back({.check_id = std::string(rule.id),
                   .severity = rule.severity,
                   .title = std::string(rule.title),
                   .detail = fmt::format("{} has mode {:03o}.", path, info.st_mode & 0777U),
                   .remediation = chmod_command(kind, path),
                   .mend = link ? Mend{} : Mend{.kind = Mend::Kind::keep_private, .path = path}});
    return;
  }
}

// Files of a folder, not of the folders below it. A folder that cannot be opened has none.
std::vector<std::string> files_in(const std::string& folder) {
  constexpr std::size_t kMost = 500;
  std::vector<std::string> found;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    if (found.size() < kMost && at->is_regular_file(error)) found.push_back(at->path().string());
  }
  return found;
}

void look_at_configuration(const Ground& ground, Findings& out) {
  look_at(kConfig, ground.paths.config_file, out);
  const auto& files = ground.inspection.document.files;
  for (std::size_t i = 1; i < files.size(); ++i) look_at(kInclude, files[i].path, out);
  for (const auto* ending : {".bak", ".bak.1", ".bak.2", ".bak.3", ".bak.4"})
    look_at(kBackup, ground.paths.config_file + ending, out);
}

// A folder that a service copies to other machines takes secrets and a half written database along.
void look_for_sync(const Ground& ground, Findings& out) {
  for (const auto* service : {"dropbox", "onedrive", "icloud", "mobile documents", "google drive",
                              "googledrive", "my drive"}) {
    if (!to_lower(ground.paths.state_dir).contains(service)) continue;
    out.push_back({.check_id = "state_dir.synced_dir",
                   .severity = Severity::warn,
                   .title = "The state folder lies where a service copies it to other machines",
                   .detail = fmt::format("{} looks like a folder of a synchronising service, "
                                         "which damages databases and spreads credentials.",
                                         ground.paths.state_dir),
                   .remediation = fmt::format("mv {} ~/.carapace   # stop the gateway first",
                                              shell_word(ground.paths.state_dir))});
    return;
  }
}

Findings run(const Ground& ground) {
  Findings out;
  const auto& state = ground.paths.state_dir;
  struct stat info{};
  if (::stat(state.c_str(), &info) != 0 && errno == ENOENT)
    out.push_back({.check_id = "state_dir.missing",
                   .severity = Severity::info,
                   .title = "There is no state folder yet",
                   .detail = state + " does not exist; the first start makes it.",
                   .remediation = fmt::format("mkdir -p -m 700 {}", shell_word(state)),
                   .mend = {.kind = Mend::Kind::make_folder, .path = state}});
  look_at(kState, state, out);
  look_at_configuration(ground, out);
  const auto credentials = ground.state_file("credentials");
  look_at(kCredentials, credentials, out);
  for (const auto& file : files_in(credentials)) look_at(kCredential, file, out);
  std::error_code error;
  for (std::filesystem::directory_iterator at(ground.state_file("agents"), error), end;
       !error && at != end; at.increment(error))
    look_at(kProfile, (at->path() / "agent" / "auth-profiles.json").string(), out);
  look_at(kHistory, ground.state_file("config-history"), out);
  for (const auto& file : files_in(ground.state_file("config-history")))
    look_at(kHistoryFile, file, out);
  look_at(kToken, ground.state_file("gateway.token"), out);
  for (const auto* name : {"carapace.db", "carapace.db-wal"})
    look_at(kStore, ground.state_file(name), out);
  if (ground.plan) look_at(kLog, ground.plan->log.file, out);
  look_for_sync(ground, out);
  return out;
}

}  // namespace

extern const Check permissions_check;
constinit const Check permissions_check{
    .id = "permissions", .title = "permissions of files and folders", .run = run};

}  // namespace carapace::doctor

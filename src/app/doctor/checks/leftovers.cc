// What other versions and other programs left behind: credentials as plain files, and an ancestor's
// state that has not been taken over.
#include <fmt/format.h>

#include <filesystem>

#include "app/doctor/check.h"
#include "extensions/channels/names.h"
#include "fs/read_file.h"

namespace carapace::doctor {
namespace {

namespace files = std::filesystem;

constexpr std::size_t kMost = 20;

// Infrastructure specification B.3: what an older version kept in the clear, below the state
// folder. A name that begins with `*` matches the end.
struct Leftover {
  std::string_view folder;
  std::string_view name;
};
constexpr Leftover kLeftovers[] = {
    {"credentials", "oauth.json"},
    {"credentials", "creds.json"},
    {"credentials", "*.token.json"},
    {"credentials", "*-pairing.json"},
    {"credentials", "*-allowFrom.json"},
    {"", "creds.json"},
    {"", "oauth.json"},
};
constexpr std::string_view kOfAgents[] = {"auth.json", "auth-profiles.json"};

bool matches(std::string_view pattern, std::string_view name) {
  return pattern.starts_with('*') ? name.ends_with(pattern.substr(1)) : name == pattern;
}

// Names in a folder that match, as paths. A folder that cannot be opened has none.
void find_in(const std::string& folder, std::string_view pattern, std::vector<std::string>& found) {
  std::error_code error;
  for (files::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code gone;
    if (matches(pattern, at->path().filename().string()) && !at->is_directory(gone))
      found.push_back(at->path().string());
  }
}

std::vector<std::string> find_all(const Ground& ground) {
  std::vector<std::string> found;
  for (const auto& leftover : kLeftovers)
    find_in(ground.state_file(leftover.folder), leftover.name, found);
  // A channel's sign-in, in a folder of its name.
  for (const auto& channel : channels::known_names()) {
    find_in(ground.state_file(channel), "*", found);
    find_in(ground.state_file("credentials/" + std::string(channel)), "*", found);
  }
  std::error_code error;
  for (files::directory_iterator at(ground.state_file("agents"), error), end; !error && at != end;
       at.increment(error)) {
    for (const auto name : kOfAgents) {
      const auto path = (at->path() / "agent" / name).string();
      if (fs::exists(path)) found.push_back(path);
    }
  }
  return found;
}

// Files of earlier programs that are not used: somebody may be about to begin anew by mistake.
void look_for_ancestors(const Ground& ground, Findings& out) {
  for (const auto& path : ground.paths.older)
    out.push_back(
        {.check_id = "state_dir.ancestor",
         .severity = Severity::info,
         .title = "A configuration of an ancestor is not used",
         .detail = fmt::format("{} lies there; {} is read.", path, ground.paths.config_file),
         .remediation = fmt::format("carapace config import {} --dry-run", shell_word(path))});
}

Findings run(const Ground& ground) {
  Findings out;
  const auto found = find_all(ground);
  for (std::size_t i = 0; i < std::min(found.size(), kMost); ++i)
    out.push_back(
        {.check_id = "credentials.plaintext_file",
         .severity = Severity::warn,
         .title = "An older version left credentials in a plain file",
         .detail = found[i] + " is not read by this version.",
         .remediation = fmt::format("rm -r {}   # after signing in anew where it is needed",
                                    shell_word(found[i]))});
  if (found.size() > kMost)
    out.push_back({.check_id = "credentials.plaintext_file",
                   .severity = Severity::warn,
                   .title = fmt::format("There are {} more such files", found.size() - kMost),
                   .detail = "Only the first ones are shown.",
                   .remediation = fmt::format("ls -R {}", shell_word(ground.paths.state_dir))});
  look_for_ancestors(ground, out);
  return out;
}

}  // namespace

extern const Check leftovers_check;
constinit const Check leftovers_check{
    .id = "leftovers", .title = "what older versions left", .run = run};

}  // namespace carapace::doctor

// What other versions and other programs left behind: credentials as plain files, and an ancestor's
// state that has not been taken over.
#include <fmt/format.h>

#include "app/doctor/check.h"
#include "app/doctor/leftovers.h"

namespace carapace::doctor {
namespace {

constexpr std::size_t kMost = 20;

// Files of earlier programs that are not used: somebody may be about to begin anew by mistake.
void look_for_ancestors(const Ground& ground, Findings& out) {
  for (const auto& path : ground.paths.older)
    out.push_back(
        {.check_id = "state_dir.ancestor",
         .severity = Severity::info,
         .title = "A configuration of an ancestor is not used",
         .detail = fmt::format("{} lies there; {} is read.", path, ground.paths.config_file),
         .remediation =
             ground.command(fmt::format("config import {} --dry-run", shell_word(path)))});
}

Findings run(const Ground& ground) {
  Findings out;
  const auto found = credential_files(ground.paths.state_dir);
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

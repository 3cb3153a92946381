#include "process/program.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

namespace carapace::process {
namespace {

std::string variable(const std::vector<std::string>& environment, std::string_view name) {
  for (const auto& entry : environment)
    if (entry.size() > name.size() && entry[name.size()] == '=' && entry.starts_with(name))
      return entry.substr(name.size() + 1);
  return {};
}

bool is_program(const std::string& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

}  // namespace

Result<std::string> find_program(const std::string& name,
                                 const std::vector<std::string>& environment) {
  std::string refused;
  const auto usable = [&refused](const std::string& path) {
    if (!is_program(path)) return false;
    if (::access(path.c_str(), X_OK) == 0) return true;
    refused = path;
    return false;
  };
  if (name.contains('/')) {
    if (usable(name)) return name;
  } else {
    auto path = variable(environment, "PATH");
    if (path.empty()) path = "/usr/local/bin:/usr/bin:/bin";
    for (std::size_t from = 0; from <= path.size();) {
      const auto end = std::min(path.find(':', from), path.size());
      const auto folder = path.substr(from, end - from);
      from = end + 1;
      if (folder.starts_with('/') && usable(folder + "/" + name)) return folder + "/" + name;
    }
  }
  if (!refused.empty()) return fail(Errc::forbidden, "{} is not executable", refused);
  return fail(Errc::not_found, "there is no program {}", name);
}

}  // namespace carapace::process

#include "app/doctor/leftovers.h"

#include <fmt/format.h>

#include <filesystem>
#include <string_view>

#include "extensions/channels/names.h"
#include "fs/read_file.h"

namespace carapace::doctor {
namespace {

namespace files = std::filesystem;

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
      found.push_back(at->path().lexically_normal().string());
  }
}

}  // namespace

std::vector<std::string> credential_files(const std::string& state_dir) {
  std::vector<std::string> found;
  for (const auto& leftover : kLeftovers)
    find_in(state_dir + "/" + std::string(leftover.folder), leftover.name, found);
  // A channel's sign-in, in a folder of its name.
  for (const auto& channel : channels::known_names()) {
    find_in(fmt::format("{}/{}", state_dir, channel), "*", found);
    find_in(fmt::format("{}/credentials/{}", state_dir, channel), "*", found);
  }
  std::error_code error;
  for (files::directory_iterator at(state_dir + "/agents", error), end; !error && at != end;
       at.increment(error)) {
    for (const auto name : kOfAgents) {
      const auto path = (at->path() / "agent" / name).string();
      if (fs::exists(path)) found.push_back(path);
    }
  }
  return found;
}

}  // namespace carapace::doctor

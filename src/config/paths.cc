#include "config/paths.h"

#include <unistd.h>

#include <array>
#include <filesystem>

#include "fs/read_file.h"

namespace carapace::config {
namespace {

constexpr std::array<std::string_view, 3> kStateNames{"CARAPACE_STATE_DIR", "CLAWDBOT_STATE_DIR",
                                                      "MOLTBOT_STATE_DIR"};
constexpr std::array<std::string_view, 3> kConfigNames{
    "CARAPACE_CONFIG_PATH", "CLAWDBOT_CONFIG_PATH", "MOLTBOT_CONFIG_PATH"};

std::optional<std::string> first_of(const Environment& environment,
                                    const std::array<std::string_view, 3>& names) {
  for (const auto name : names)
    if (auto value = environment.get(name)) return value;
  return std::nullopt;
}

// Relative to where the process was started, so that a later change of folder cannot move it.
std::string absolute(const std::string& path, const Environment& environment) {
  std::error_code error;
  const auto full =
      std::filesystem::absolute(expand_home(path, environment), error).lexically_normal();
  auto text = error ? path : full.string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

}  // namespace

Environment Environment::from_process() {
  Environment out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    // Of a name that stands there twice the first one counts, as for getenv.
    out.values_.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

std::optional<std::string> Environment::get(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

std::string expand_home(std::string_view path, const Environment& environment) {
  if (path != "~" && !path.starts_with("~/")) return std::string(path);
  const auto home = environment.get("HOME");
  return home ? *home + std::string(path.substr(1)) : std::string(path);
}

Result<Paths> resolve_paths(const Environment& environment, const PathChoice& choice) {
  Paths paths;
  auto state = choice.state_dir.empty() ? first_of(environment, kStateNames) : choice.state_dir;
  if (!state && !environment.get("HOME"))
    return fail(Errc::invalid_request,
                "no place for the state: set HOME or CARAPACE_STATE_DIR, or use --state-dir.");
  paths.state_dir = absolute(state.value_or("~/.carapace"), environment);

  const auto file =
      choice.config_file.empty() ? first_of(environment, kConfigNames) : choice.config_file;
  if (file) {
    paths.config_file = absolute(*file, environment);
    paths.config_named = true;
    return paths;
  }
  paths.config_file = paths.state_dir + "/carapace.json5";
  const auto plain = paths.state_dir + "/carapace.json";
  if (!fs::exists(paths.config_file) && fs::exists(plain)) paths.config_file = plain;
  return paths;
}

}  // namespace carapace::config

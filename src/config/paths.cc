#include "config/paths.h"

#include <unistd.h>

#include <array>
#include <filesystem>

#include "fs/read_file.h"

namespace carapace::config {
namespace {

constexpr std::array<std::string_view, 4> kPrefixes{"CARAPACE_", "OPENCLAW_", "MOLTBOT_",
                                                    "CLAWDBOT_"};
constexpr std::array<std::string_view, 2> kOurNames{"carapace.json5", "carapace.json"};
constexpr std::array<std::string_view, 4> kOlderNames{"openclaw.json", "moltbot.json5",
                                                      "moltbot.json", "clawdbot.json"};
constexpr std::array<std::string_view, 3> kOlderFolders{"~/.openclaw", "~/.clawdbot", "~/.moltbot"};

// Relative to where the process was started, so that a later change of folder cannot move it.
std::string absolute(const std::string& path, const Environment& environment) {
  std::error_code error;
  const auto full =
      std::filesystem::absolute(expand_home(path, environment), error).lexically_normal();
  auto text = error ? path : full.string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

struct Found {
  std::string file;
  bool inherited = false;
};

void look_in(const std::string& folder, std::span<const std::string_view> names, bool inherited,
             std::vector<Found>& found) {
  std::error_code error;
  for (const auto name : names) {
    auto file = fmt::format("{}/{}", folder, name);
    // In our own place even a broken link is an answer: it is told of, not passed over.
    if (inherited ? std::filesystem::is_regular_file(file, error) : fs::exists(file))
      found.push_back({std::move(file), inherited});
  }
}

// Where programs of a user keep their configuration.
std::string platform_folder(const Environment& environment) {
#ifdef __APPLE__
  return "~/Library/Application Support";
#else
  return environment.get("XDG_CONFIG_HOME").value_or("~/.config");
#endif
}

// All configuration files that lie where one may lie, the one to use first.
std::vector<Found> places(const std::string& state_dir, bool state_named,
                          const Environment& environment) {
  std::vector<Found> found;
  look_in(state_dir, kOurNames, false, found);
  // Somebody who names the folder of an earlier program means what lies in it.
  if (state_named) {
    look_in(state_dir, kOlderNames, false, found);
    return found;
  }
  look_in(absolute(platform_folder(environment) + "/carapace", environment), kOurNames, true,
          found);
  for (const auto folder : kOlderFolders)
    look_in(absolute(std::string(folder), environment), kOlderNames, true, found);
  return found;
}

}  // namespace

std::span<const std::string_view> environment_prefixes() { return kPrefixes; }

std::optional<std::string> Environment::named(std::string_view rest) const {
  for (const auto prefix : kPrefixes)
    if (auto value = get(fmt::format("{}{}", prefix, rest))) return value;
  return std::nullopt;
}

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
  const auto state =
      choice.state_dir.empty() ? environment.named("STATE_DIR") : std::optional(choice.state_dir);
  if (!state && !environment.get("HOME"))
    return fail(Errc::invalid_request,
                "no place for the state: set HOME or CARAPACE_STATE_DIR, or use --state-dir.");
  paths.state_dir = absolute(state.value_or("~/.carapace"), environment);

  const auto file = choice.config_file.empty() ? environment.named("CONFIG_PATH")
                                               : std::optional(choice.config_file);
  const auto found = places(paths.state_dir, state.has_value(), environment);
  if (file) {
    paths.config_file = absolute(*file, environment);
    paths.config_named = true;
  } else if (!found.empty()) {
    paths.config_file = found.front().file;
    paths.inherited = found.front().inherited;
  } else {
    paths.config_file = paths.state_dir + "/carapace.json5";
  }
  for (const auto& place : found)
    if (place.inherited && place.file != paths.config_file) paths.older.push_back(place.file);
  return paths;
}

}  // namespace carapace::config

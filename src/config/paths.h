// Where things lie: the process environment as a value, and the folder and file that follow from
// it. `Environment` is the only reader of the real one; `main` takes it once and hands it on, tests
// make their own. Values; any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace carapace::config {

class Environment {
 public:
  Environment() = default;
  explicit Environment(std::map<std::string, std::string, std::less<>> values)
      : values_(std::move(values)) {}
  static Environment from_process();

  // Empty and missing are the same: nullopt.
  std::optional<std::string> get(std::string_view name) const;
  const std::map<std::string, std::string, std::less<>>& all() const { return values_; }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

// `~` and `~/…` become the home folder; everything else, and all without HOME, stays as it is.
std::string expand_home(std::string_view path, const Environment& environment);

struct Paths {
  std::string state_dir;      // absolute, without a trailing slash; need not exist
  std::string config_file;    // absolute; need not exist
  bool config_named = false;  // somebody said which
};

struct PathChoice {  // from the command line; empty: not given
  std::string state_dir = {};
  std::string config_file = {};
};

// State: the choice, CARAPACE_STATE_DIR, the ancestors' CLAWDBOT_STATE_DIR and MOLTBOT_STATE_DIR,
// else
// ~/.carapace. File: the choice, *_CONFIG_PATH of the same three, else carapace.json5 in the state
// folder, or carapace.json when only that exists. Fails only when nothing names a home.
Result<Paths> resolve_paths(const Environment& environment, const PathChoice& choice = {});

}  // namespace carapace::config

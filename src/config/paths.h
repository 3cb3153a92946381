// Where things lie: the process environment as a value, and the folder and file that follow from
// it. `Environment` is the only reader of the real one; `main` takes it once and hands it on, tests
// make their own. Values; any thread.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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
  // CARAPACE_<rest>, else the variable of an earlier program: OPENCLAW_, MOLTBOT_, CLAWDBOT_.
  std::optional<std::string> named(std::string_view rest) const;
  const std::map<std::string, std::string, std::less<>>& all() const { return values_; }

 private:
  std::map<std::string, std::string, std::less<>> values_;
};

// "CARAPACE_" first, then those of earlier programs, newest first.
std::span<const std::string_view> environment_prefixes();

// `~` and `~/…` become the home folder; everything else, and all without HOME, stays as it is.
std::string expand_home(std::string_view path, const Environment& environment);

struct Paths {
  std::string state_dir;      // absolute, without a trailing slash; need not exist
  std::string config_file;    // absolute; need not exist
  bool config_named = false;  // somebody said which
  // It is the file of an earlier program at its own place: there is none of ours. It is read as it
  // is; the state stays in `state_dir`.
  bool inherited = false;
  std::vector<std::string> older;  // files of earlier programs that lie there and are not used
};

struct PathChoice {  // from the command line; empty: not given
  std::string state_dir = {};
  std::string config_file = {};
};

// State: the choice, CARAPACE_STATE_DIR, *_STATE_DIR of earlier programs, else ~/.carapace. File:
// the choice, *_CONFIG_PATH of the same, else what is found first: in the state folder
// carapace.json5, carapace.json and, when somebody named that folder, the names of earlier
// programs; else, when nobody named one, `carapace/carapace.json5` in the platform's folder for
// configuration, and
// ~/.openclaw, ~/.clawdbot, ~/.moltbot. When there is none, carapace.json5 in the state folder, to
// be made. Fails only when nothing names a home.
Result<Paths> resolve_paths(const Environment& environment, const PathChoice& choice = {});

}  // namespace carapace::config

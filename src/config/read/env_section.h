// The `env` section: variables for references in the configuration and for programs that the
// gateway starts. They lie beneath the environment of the process and never go into it. Inside
// config/ only. Pure.
//
// Facts (infrastructure specification B.1): the map `env.vars`, and every other text directly under
// `env` (which wins over the map) but `vars` and `shellEnv`; a variable of the process that is not
// empty wins over both; entries may refer to each other; NUL and the names that steer the reading
// itself are refused.
#pragma once

#include <vector>

#include "base/json_fwd.h"
#include "config/paths.h"
#include "config/schema.h"

namespace carapace::config {

struct EnvSection {
  Environment environment;           // of the process, with the section beneath it
  std::vector<Issue> refused = {};   // entries that can never stand there
  std::vector<Issue> unfilled = {};  // entries that are not set, because they refer to what is not
};

// Also fills in the references in the texts of the section itself.
EnvSection read_env_section(json::value& tree, const Environment& process);

}  // namespace carapace::config

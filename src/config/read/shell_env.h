// `env.shellEnv`: variables that somebody's login shell sets and a service does not get. Asked
// once, when a gateway starts: the shell runs with a deadline, and only variables that are wanted
// and missing are taken over. Blocks; any thread.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"
#include "config/paths.h"

namespace carapace::config {

struct ShellEnv {
  Environment environment;         // with what the shell had
  std::vector<std::string> taken;  // names of it
};

// `tree`: the configuration as written. Nothing happens unless `env.shellEnv.enabled` is true or
// *_LOAD_SHELL_ENV is set to 1, and something is missing out of `expected` and of what `${…}` in
// the tree name. $SHELL (else /bin/sh) runs as `-l -c`, for at most `env.shellEnv.timeoutMs` or
// *_SHELL_ENV_TIMEOUT_MS (15 s). A shell that fails is an error, and nothing is taken from it.
Result<ShellEnv> with_login_shell(const Environment& process, const json::value& tree,
                                  std::vector<std::string> expected);

}  // namespace carapace::config

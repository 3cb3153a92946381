// Runs a program that talks to the person at this terminal, such as an editor: it gets our standard
// input, output and error, and we wait for as long as it runs. Blocks; for commands, never for the
// gateway. One at a time.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace carapace::process {

struct ForegroundEnd {
  int exit_code = -1;  // -1 when a signal ended it
  int signal = 0;      // 0 when it ended by itself
};

// `argv[0]` is a path, or a name that is looked up in PATH; no shell reads the words.
// `environment` is the whole of it, as NAME=value. Ctrl-C and Ctrl-\ are meant for the program
// while it runs. not_found: no such program; forbidden: not executable.
Result<ForegroundEnd> run_in_foreground(const std::vector<std::string>& argv,
                                        const std::vector<std::string>& environment);

}  // namespace carapace::process

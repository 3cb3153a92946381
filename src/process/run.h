// Runs another program to its end and takes what it prints: no shell, nothing inherited but what is
// given here, a limit on what it may print, a deadline. Blocks the calling thread: a worker, never
// the loop. Any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>
#include <vector>

#include "base/error.h"

namespace carapace::process {

struct RunRequest {
  std::vector<std::string> argv;  // argv[0]: a path, or a name looked up in PATH of `environment`
  std::vector<std::string> environment = {};  // the whole of it, as NAME=value
  std::string folder = "/";                   // where it runs
  std::string input = {};                     // its standard input; then, or at once, the end
  std::size_t max_output_bytes = 64UL << 10U;
  std::size_t max_error_bytes = 4UL << 10U;  // of standard error the last ones are kept
  std::chrono::milliseconds deadline{30'000};
  // From the polite signal (SIGTERM) to the other one (SIGKILL), after a deadline or a stop.
  std::chrono::milliseconds grace{500};
  std::stop_token stop = {};
};

struct RunResult {
  int exit_code = -1;      // -1 when a signal ended it
  int signal = 0;          // 0 when it ended by itself
  std::string output;      // allocated once, so that wiping it leaves nothing behind
  std::string error_tail;  // may hold whatever the program knows: not for logs
};

// Returns when the program has ended (its children may not have: the whole group is killed then and
// what they print later is not read). Leaves no zombie and no descriptor behind.
// not_found: no such program, or no such folder. forbidden: not executable. timeout: the deadline
// passed. cancelled: `stop`. too_large: it printed more than max_output_bytes. unavailable: no
// process could be made. An exit code other than 0 is part of the value.
Result<RunResult> run(const RunRequest& request);

}  // namespace carapace::process

// The verbs of the command line: one function each, an exit code out. Each makes its own loop; none
// is called twice in a process.
#pragma once

#include "app/command_line.h"
#include "config/paths.h"

namespace carapace::app {

int run_start(const Options& options, const config::Environment& environment);
int run_chat(const Options& options, const config::Environment& environment);
int run_agent(const Options& options, const config::Environment& environment);
int run_open(const Options& options, const config::Environment& environment);
int run_status(const Options& options, const config::Environment& environment);
int run_logs(const Options& options, const config::Environment& environment);
int run_config(const Options& options, const config::Environment& environment);
int run_credentials(const Options& options, const config::Environment& environment);
int run_doctor(const Options& options, const config::Environment& environment);
int run_providers(const Options& options, const config::Environment& environment);
int run_version(const Options& options, const config::Environment& environment);
int run_completion(const Options& options, const config::Environment& environment);

}  // namespace carapace::app

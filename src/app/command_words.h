// Every command with its options and help, as the parser of the command line wants them: what
// `command_line.cc` reads with, and what `completion.cc` makes scripts of. Inside app/ only.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "app/command_line.h"

namespace carapace::app {

// What is parsed goes into `options`, which outlives the answer.
std::unique_ptr<CLI::App> describe_commands(Options& options);

std::vector<CLI::App*> children_of(const CLI::App& app);
// The commands and options that may follow.
std::vector<std::string> words_of(const CLI::App& app);

const std::vector<std::string>& completed_shells();

}  // namespace carapace::app

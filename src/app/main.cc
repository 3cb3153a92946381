// The program: a command line becomes a verb, a verb becomes an exit code.
#include <fcntl.h>

#include <array>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string_view>

#include "app/command_line.h"
#include "app/terminal/output.h"
#include "app/verbs/verbs.h"
#include "config/paths.h"

namespace {

using carapace::app::Options;
using carapace::config::Environment;

struct Verb {
  std::string_view name;
  int (*run)(const Options&, const Environment&);
};

constexpr std::array kVerbs{
    Verb{"start", carapace::app::run_start},
    Verb{"chat", carapace::app::run_chat},
    Verb{"agent", carapace::app::run_agent},
    Verb{"open", carapace::app::run_open},
    Verb{"status", carapace::app::run_status},
    Verb{"logs", carapace::app::run_logs},
    Verb{"config", carapace::app::run_config},
    Verb{"credentials", carapace::app::run_credentials},
    Verb{"doctor", carapace::app::run_doctor},
    Verb{"version", carapace::app::run_version},
    Verb{"completion", carapace::app::run_completion},
    Verb{"providers", carapace::app::run_providers},
};

// A stream that the caller closed would lend its number to the next file that is opened, and what
// is printed would go into that file.
void hold_standard_streams() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor)
    if (::fcntl(descriptor, F_GETFD) == -1) (void)::open("/dev/null", O_RDWR);
}

int run(int argc, char** argv) {
  const auto parsed = carapace::app::parse_command_line(argc, argv);
  if (!parsed.options) return parsed.exit_code;
  try {
    const auto environment = Environment::from_process();
    for (const auto& verb : kVerbs)
      if (verb.name == parsed.options->verb) return verb.run(*parsed.options, environment);
  } catch (const std::exception& error) {
    carapace::app::print_error(error.what());
  }
  return carapace::app::kExitFailed;
}

// An answer that nobody got is no success: a script would go on with half of it.
int with_output(int code) {
  std::cout.flush();
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout) return code;
  carapace::app::print_error("standard output cannot be written to");
  return code == carapace::app::kExitOk ? carapace::app::kExitFailed : code;
}

}  // namespace

int main(int argc, char** argv) {
  hold_standard_streams();
  return with_output(run(argc, argv));
}

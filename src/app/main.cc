// The program: a command line becomes a verb, a verb becomes an exit code.
#include <array>
#include <exception>
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

}  // namespace

int main(int argc, char** argv) {
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

#include "app/version.h"

#include <fmt/format.h>

#include "app/terminal/output.h"
#include "app/verbs/verbs.h"

namespace carapace::app {

int run_version(const Options& options, const config::Environment&) {
  print_line(options.json ? fmt::format("{{\"version\":\"{}\"}}", kVersion)
                          : fmt::format("carapace {}", kVersion));
  return kExitOk;
}

int run_completion(const Options& options, const config::Environment&) {
  print_line(completion_script(options.shell));
  return kExitOk;
}

}  // namespace carapace::app

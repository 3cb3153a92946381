// Starting another program. The only place of the house that does. Any thread.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace carapace::process {

// Starts `argv[0]` (looked up in PATH) with no input and no output and does not wait for it: for
// programs that belong to the person's desktop, such as a browser. not_found when there is no such
// program. `environment` is the child's whole environment, as NAME=value.
Status spawn_detached(const std::vector<std::string>& argv,
                      const std::vector<std::string>& environment);

}  // namespace carapace::process

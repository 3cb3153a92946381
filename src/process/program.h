// Finds the file of a program.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace carapace::process {

// A name with a slash is the path itself. Other names are looked up in PATH of `environment`
// (NAME=value) as a shell would, but only in folders that are named from the root. not_found;
// forbidden: it is there and not executable.
Result<std::string> find_program(const std::string& name,
                                 const std::vector<std::string>& environment);

}  // namespace carapace::process

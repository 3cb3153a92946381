// The tools that are compiled in, as rows in the order of builtin.def. Read by app/, which hands
// those that configuration leaves on to the registry. Constant data; any thread.
#pragma once

#include <span>

#include "tool/contract.h"

namespace carapace::tools {

std::span<const tool::Spec* const> builtin_tools();

}  // namespace carapace::tools

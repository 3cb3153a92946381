// The compiled-in tools, in the order of builtin.def.
#pragma once

#include <span>

#include "tool/contract.h"

namespace carapace::tools {

std::span<const tool::Spec* const> builtin_tools();

}  // namespace carapace::tools

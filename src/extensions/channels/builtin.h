// The channels that are compiled in, as rows in the order of builtin.def. Read for their names
// (names.h) and by the contract suite. Constant data; any thread.
#pragma once

#include <span>

#include "channel/contract.h"

namespace carapace::channels {

std::span<const channel::Spec* const> builtin_channels();

}  // namespace carapace::channels

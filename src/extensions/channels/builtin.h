// The compiled-in channels, in the order of builtin.def.
#pragma once

#include <span>

#include "channel/contract.h"

namespace carapace::channels {

std::span<const channel::Spec* const> builtin_channels();

}  // namespace carapace::channels

// The channels of this gateway: their rows. Pure lookups; any thread.
#pragma once

#include <span>
#include <string_view>

#include "channel/contract.h"

namespace carapace::channel {

// nullptr when there is none of that id.
const Spec* find(std::span<const Spec* const> rows, std::string_view id);

}  // namespace carapace::channel

// Names of channels that a client may send along: those of the rows, and those that existing
// clients know although this gateway does not have them yet. They name a place, not an error, as
// long as nothing is to be delivered there. Made once; any thread.
#pragma once

#include <span>
#include <string_view>

namespace carapace::channels {

std::span<const std::string_view> known_names();

}  // namespace carapace::channels

// Names of channels that existing clients may send although this gateway does not have them yet:
// they name a place, not an error, as long as nothing is to be delivered there. Constant data.
#pragma once

#include <span>
#include <string_view>

namespace carapace::channels {

std::span<const std::string_view> names_in_the_field();

}  // namespace carapace::channels

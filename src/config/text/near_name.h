// "Did you mean …?": the candidate that a typing mistake may have meant. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace carapace::config {

// Case does not count; a third of the letters may be wrong, missing, doubled or swapped. nullopt
// when nothing is that near.
std::optional<std::string> nearest(std::string_view name,
                                   const std::vector<std::string_view>& candidates);

}  // namespace carapace::config

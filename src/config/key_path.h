// The name of one configuration key as people write it: `gateway.auth.token`, `agents.list[0].id`,
// `models.providers["my.vendor"].apiKey`, `models.providers.my\.vendor.apiKey`. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace carapace::config {

using KeyPath = std::vector<std::string>;  // keys and list indexes, outermost first

// invalid_request for an empty path or part, an unclosed bracket, or more than 32 parts.
Result<KeyPath> parse_key_path(std::string_view text);
std::string to_text(const KeyPath& path);
// The path with one part more; `index` writes `[3]`.
std::string child_path(std::string_view parent, std::string_view key);
std::string child_path(std::string_view parent, std::size_t index);

}  // namespace carapace::config

// Which secrets of a configuration stand there in the clear. Pure; any thread.
#pragma once

#include <string_view>
#include <vector>

#include "base/json_fwd.h"
#include "config/key_path.h"
#include "config/schema.h"

namespace carapace::config {

// A secret itself: no reference of any kind, no `${NAME}`, no name of a variable in capitals (which
// a provider's key may be), not nothing.
bool is_plain_secret(std::string_view text);

// In the order of the tree (references as written).
std::vector<KeyPath> plain_secrets(const json::value& tree, const Schema& schema);

}  // namespace carapace::config

// `${NAME}` in configuration texts (infrastructure specification B.1). Pure; any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json_fwd.h"

namespace carapace::config {

using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

// Replaces `${NAME}` (capital letters, digits, underscores) in every text of the tree, not in keys.
// What comes out is not looked at again. `$${NAME}` gives `${NAME}`; `$NAME`, `${name}` and `${`
// stay. A name that is missing or empty is an error that says the name and the key that wants it.
Status substitute(json::value& tree, const Lookup& lookup);

// Does the text hold a `${NAME}` that would be replaced?
bool has_reference(std::string_view text);

}  // namespace carapace::config

// `${NAME}` in configuration texts (infrastructure specification B.1). Pure; any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"
#include "config/key_path.h"

namespace carapace::config {

// What variables may add up to: references in references grow without end.
inline constexpr std::size_t kMaxFilledBytes = 16UL << 20U;

using Lookup = std::function<std::optional<std::string>(std::string_view name)>;

// A text that could not be filled in.
struct Unfilled {
  KeyPath path;
  std::string name;  // that is missing or empty; empty: a `${` is not closed, or
  bool too_long = false;
};

// Replaces `${NAME}` (capital letters, digits, underscores) in every text of the tree, not in keys.
// What comes out is not looked at again. `$${NAME}` gives `${NAME}`; `$NAME`, `${name}` and `${`
// stay. Told of are texts with a name that is missing or empty, which stay as they are, and those
// with a `${` that nothing closes. All texts with references together are bounded by
// kMaxFilledBytes; what would go beyond stays as it is and is told of.
std::vector<Unfilled> substitute(json::value& tree, const Lookup& lookup);

// The same for one text; an error is the name that is missing, or empty: what comes out is longer
// than `max_bytes`.
std::expected<std::string, std::string> substitute_text(std::string_view text, const Lookup& lookup,
                                                        std::size_t max_bytes = kMaxFilledBytes);

// Does the text hold a `${NAME}` that would be replaced?
bool has_reference(std::string_view text);
// A `${` with no `}` behind it: harmless in prose, a slip in a secret.
bool has_unclosed_reference(std::string_view text);

}  // namespace carapace::config

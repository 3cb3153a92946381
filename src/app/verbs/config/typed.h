// What a person typed behind `carapace config ACTION`: the key, and texts from standard input.
// Inside app/verbs/ only.
#pragma once

#include <string>

#include "app/verbs/config/actions.h"
#include "base/error.h"
#include "config/config.h"
#include "config/key_path.h"

namespace carapace::app {

// 4 MiB, as of a file; a longer text is cut there, one byte behind.
inline constexpr std::size_t kMaxTyped = 4UL << 20U;

// The key as a path. An item of a list may be named by its id (`agents.list.main.model`) where the
// file has such an item. invalid_request: no path; not_found: the list has no such item.
Result<config::KeyPath> typed_key(const ConfigCall& call, const config::Inspection& found);

// "there is no key gateway.prot. Did you mean gateway.port?"
std::unexpected<Error> unknown_key(const config::KeyPath& key, const config::Schema& schema);

// Everything up to the end of standard input, not more than `kMaxTyped` + 1 bytes.
std::string all_of_input();

}  // namespace carapace::app

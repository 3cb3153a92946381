// A configuration with the defaults written out that people expect to see there: those that the
// rows mark as `filled_in` (infrastructure specification B.18, its seven sections). Pure; any
// thread.
#pragma once

#include "base/json_fwd.h"
#include "config/schema.h"

namespace carapace::config {

// What the user says wins leaf by leaf: lists are never merged, an explicit null stays, keys that
// nobody knows stay, and where somebody put a value in the place of a section nothing is added.
// Keys of `fixed` rows get their default whatever the tree says. A root that is no object counts as
// an empty one.
json::value with_defaults(json::value tree, const Schema& schema);

}  // namespace carapace::config

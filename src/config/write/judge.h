// What a change of a configuration does, seen from outside: which keys differ, whether one of them
// is guarded, and whether the result is worse than what stood there. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json_fwd.h"
#include "config/schema.h"

namespace carapace::config {

// Paths of all values that differ, in the order of the new tree; a list counts as one. null is the
// same as not set.
std::vector<std::string> changed_paths(const json::value& before, const json::value& after);

// The first guarded key whose value differs: by its row, as a secret, or because something around
// it was replaced or deleted. Items of a list that have the same id are compared with each other.
std::optional<std::string> guarded_change(const json::value& before, const json::value& after,
                                          const Schema& schema);

// Issues that were not there before. An issue of an item stays the same one when the item moved.
std::vector<Issue> new_issues(const std::vector<Issue>& before, const std::vector<Issue>& after);

}  // namespace carapace::config

// Are two trees the same configuration? The order of keys does not count, NaN equals itself, and
// 1 equals 1.0. Pure; any thread.
#pragma once

#include "base/json_fwd.h"

namespace carapace::config {

bool same_tree(const json::value& a, const json::value& b);

}  // namespace carapace::config

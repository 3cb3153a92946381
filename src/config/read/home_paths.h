// `~` in values that are paths by the name of their key. Inside config/ only. Pure.
#pragma once

#include "base/json_fwd.h"
#include "config/paths.h"

namespace carapace::config {

// In texts under keys that end in dir, path, paths, file, root or workspace, in any case, and in
// lists called paths, pathPrepend or roots. A leading `~` becomes the home folder.
void expand_home_paths(json::value& tree, const Environment& environment);

}  // namespace carapace::config

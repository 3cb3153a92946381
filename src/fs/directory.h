// Folders of the state directory: created owner-only, checked. Blocks on the disk. Any
// thread.
#pragma once

#include <string>

#include "base/error.h"

namespace carapace::fs {

// Creates the folder and its missing parents with mode 0700. One that exists keeps its mode, but is
// refused when everybody may replace files in it, or when this process cannot write there.
Status ensure_dir(const std::string& path);

}  // namespace carapace::fs

// Takes from others what they may do with a file or folder of ours. Blocks on the disk. Any thread.
#pragma once

#include <string>

#include "base/error.h"

namespace carapace::fs {

// A folder becomes 0700, a regular file 0600. A symbolic link at the end of the path is refused and
// so is a file of several names, since who made them may have meant another file.
Status keep_to_owner(const std::string& path);

}  // namespace carapace::fs

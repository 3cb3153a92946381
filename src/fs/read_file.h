// Reads one regular file whole, with a limit, without being fooled: a FIFO does not block, a device
// or folder is refused, a symbolic link is followed only when asked. Blocks on the disk. Any
// thread.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.h"

namespace carapace::fs {

struct ReadOptions {
  std::size_t max_bytes = 4UL << 20U;
  bool follow_links = false;  // of the last part of the path
  bool no_links = false;      // refuses links on the way too, for a path that has been resolved
  // A file that changes while it is read is read again, for some tenths of a second; then
  // `unavailable`.
  bool settled = false;
};

// not_found when it is not there, too_large over the limit (nothing is allocated for it first).
Result<std::string> read_file(const std::string& path, ReadOptions options = {});

bool exists(const std::string& path);  // anything at all by that name, a broken link too
// Takes group and others their rights to a file that must stay private. Nothing happens when they
// have none.
Status make_private(const std::string& path);

}  // namespace carapace::fs

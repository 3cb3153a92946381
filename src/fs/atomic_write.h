// Replaces a file as a whole: a reader, and whoever starts after a crash, sees the old bytes or the
// new ones and nothing between. Every store that is a file is written with this. Blocks on the disk
// (two fsyncs), so callers on the loop go through `offload`. Any thread. Not for appending.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace carapace::fs {

struct WriteOptions {
  unsigned mode = 0600;
  bool replace = true;  // false: `conflict` when the file is there already
};

// The temporary file lies beside the target and is removed when anything fails. The owner of the
// file that is replaced stays its owner where this process may say so. What is no regular
// file (symbolic link, FIFO, folder, device) is refused and left alone. Errors: see `io_error`.
Status atomic_write(const std::string& path, std::string_view bytes, WriteOptions options = {});

// Takes away the temporary files that killed writers of `path` have left beside it: they hold what
// the file holds. Only for who holds the lock under which `path` is written.
void remove_leftovers(const std::string& path);

}  // namespace carapace::fs

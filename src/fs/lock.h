// An exclusive lock between processes: flock on a file that also names its holder. It goes with the
// object or with the process, also after kill -9; the file itself stays, because removing it would
// race. Any thread; the object belongs to whoever asked.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>

#include "base/error.h"

namespace carapace::fs {

class FileLock {
 public:
  explicit FileLock(int file) : file_(file) {}
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

 private:
  int file_;
};

// `conflict` at once when another process (or another FileLock of this one) holds it; the detail
// names the holder's pid where it is known.
Result<std::unique_ptr<FileLock>> try_lock(const std::string& path);
// The same, trying again for up to `budget`; blocks the calling thread. `unavailable` when it ran
// out.
Result<std::unique_ptr<FileLock>> lock_within(const std::string& path,
                                              std::chrono::milliseconds budget);
// `<dir>/gateway.lock`, with "another gateway (pid N) uses this state directory" as the conflict.
Result<std::unique_ptr<FileLock>> lock_state_dir(const std::string& dir);

// Does anybody hold it now? Makes no file and leaves the one that is there as it is.
bool is_locked(const std::string& path);
// What the lock file says about its last holder; 0 when nothing. Only a hint for messages.
pid_t lock_holder(const std::string& path);

}  // namespace carapace::fs

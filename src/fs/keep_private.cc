#include "fs/keep_private.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "fs/descriptor.h"
#include "fs/io_error.h"

namespace carapace::fs {

Status keep_to_owner(const std::string& path) {
  if (path.find('\0') != std::string::npos)
    return fail(Errc::invalid_request, "cannot change a path with a NUL byte in it.");
  // Opened first and changed through the descriptor, so that nobody puts a link there in between.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  if (!file.ok() && (errno == ELOOP || errno == EMLINK))
    return fail(Errc::invalid_request, "{} is a symbolic link; nothing was changed.", path);
  if (!file.ok()) return io_failure(errno, "open", path);
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) return io_failure(errno, "look at", path);
  if (!S_ISDIR(info.st_mode) && !S_ISREG(info.st_mode))
    return fail(Errc::invalid_request, "{} is neither a file nor a folder; nothing was changed.",
                path);
  if (S_ISREG(info.st_mode) && info.st_nlink > 1)
    return fail(Errc::invalid_request,
                "{} has {} names (hard links), so nothing was changed. Run: chmod 600 {}", path,
                info.st_nlink, path);
  if (::fchmod(file.get(), S_ISDIR(info.st_mode) ? 0700 : 0600) != 0)
    return io_failure(errno, "make private", path);
  return {};
}

}  // namespace carapace::fs

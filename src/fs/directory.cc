#include "fs/directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "fs/io_error.h"

namespace carapace::fs {
namespace {

Status check_dir(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return io_failure(errno, "look at the folder", path);
  if (!S_ISDIR(info.st_mode))
    return fail(Errc::invalid_request,
                "{} is no folder. Move it away or choose another place (CARAPACE_STATE_DIR).",
                path);
  // The sticky bit keeps others from replacing our files, as in /tmp.
  if ((info.st_mode & S_IWOTH) != 0 && (info.st_mode & S_ISVTX) == 0)
    return fail(Errc::forbidden, "everybody may replace files in {}. Run: chmod 700 {}", path,
                path);
  if (::access(path.c_str(), W_OK | X_OK) != 0)
    return io_failure(errno, "write into the folder", path);
  return {};
}

}  // namespace

Status ensure_dir(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos)
    return fail(Errc::invalid_request, "cannot create a folder without a name.");
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0) return check_dir(path);
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const auto part = path.substr(0, slash);
    if (!part.ends_with('/') && ::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) {
      const int error = errno;
      // On the way down a folder may be there that we cannot write into: that is no failure yet.
      if (::stat(part.c_str(), &info) != 0) return io_failure(error, "create the folder", part);
    }
    if (slash == std::string::npos) break;
  }
  return check_dir(path);
}

}  // namespace carapace::fs

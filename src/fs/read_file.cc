#include "fs/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "fs/descriptor.h"
#include "fs/io_error.h"

namespace carapace::fs {
namespace {

constexpr std::size_t kPiece = 64UL << 10U;

Status check_regular(int file, const std::string& path, struct stat& info) {
  if (::fstat(file, &info) != 0) return io_failure(errno, "look at", path);
  if (S_ISREG(info.st_mode)) return {};
  const auto* kind = S_ISDIR(info.st_mode)    ? "a folder"
                     : S_ISFIFO(info.st_mode) ? "a FIFO"
                     : S_ISSOCK(info.st_mode) ? "a socket"
                                              : "a device";
  return fail(Errc::invalid_request, "cannot read {}: it is {}. Name a regular file.", path, kind);
}

std::unexpected<Error> over_limit(const std::string& path, std::size_t limit) {
  return fail(Errc::too_large, "cannot read {}: it is over the limit of {} bytes.", path, limit);
}

}  // namespace

Result<std::string> read_file(const std::string& path, ReadOptions options) {
  if (path.find('\0') != std::string::npos)
    return fail(Errc::invalid_request, "cannot read a path with a NUL byte in it.");
  // O_NONBLOCK: opening a FIFO without a writer would wait for ever.
  const int flags =
      O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (options.follow_links ? 0 : O_NOFOLLOW);
  const Descriptor file(::open(path.c_str(), flags));
  if (!file.ok()) {
    if (errno == ENXIO)
      return fail(Errc::invalid_request, "cannot read {}: it is no regular file.", path);
    return io_failure(errno, "read", path);
  }
  struct stat info{};
  TRY_STATUS(check_regular(file.get(), path, info));
  if (static_cast<std::uint64_t>(info.st_size) > options.max_bytes)
    return over_limit(path, options.max_bytes);

  std::string out;
  std::size_t have = 0;
  // The size is only a first guess: the file may grow while it is read, and /proc says 0.
  std::size_t want = std::min(options.max_bytes, static_cast<std::size_t>(info.st_size)) + 1;
  for (;;) {
    out.resize(want);
    const auto got = ::read(file.get(), out.data() + have, want - have);
    if (got < 0) {
      if (errno == EINTR) continue;
      return io_failure(errno, "read", path);
    }
    have += static_cast<std::size_t>(got);
    if (have > options.max_bytes) return over_limit(path, options.max_bytes);
    if (got == 0) break;
    if (have == want) want = std::min(options.max_bytes + 1, want + kPiece);
  }
  out.resize(have);
  return out;
}

bool exists(const std::string& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0;
}

Status make_private(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  if (!file.ok()) return io_failure(errno, "open", path);
  struct stat info{};
  TRY_STATUS(check_regular(file.get(), path, info));
  if ((info.st_mode & 077U) == 0) return {};
  if (::fchmod(file.get(), info.st_mode & 0700U) != 0)
    return io_failure(errno, "make private", path);
  return {};
}

}  // namespace carapace::fs

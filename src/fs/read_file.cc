#include "fs/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <optional>
#include <thread>

#include "fs/descriptor.h"
#include "fs/io_error.h"

namespace carapace::fs {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kPiece = 64UL << 10U;
constexpr std::chrono::milliseconds kTick{10};
constexpr std::chrono::milliseconds kFirstWait{4};  // doubles at each reading; 0.5 s in all
constexpr std::chrono::milliseconds kLastWait{256};

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

#ifdef O_PATH
constexpr int kThroughFolder = O_PATH;  // needs no right to read the folder
#else
constexpr int kThroughFolder = O_RDONLY;
#endif

// Folder by folder, so that no link on the way is followed. -1 and errno.
int open_plain(const std::string& path, int flags) {
  Descriptor folder(::open(path.starts_with('/') ? "/" : ".", kThroughFolder | O_CLOEXEC));
  for (std::size_t at = path.find_first_not_of('/');;) {
    if (!folder.ok()) return -1;
    const auto slash = path.find('/', at);
    if (slash == std::string::npos)
      return ::openat(folder.get(), at >= path.size() ? "." : path.c_str() + at, flags);
    const auto part = path.substr(at, slash - at);
    folder = Descriptor(::openat(folder.get(), part.c_str(),
                                 kThroughFolder | O_CLOEXEC | O_DIRECTORY | O_NOFOLLOW));
    at = std::min(path.find_first_not_of('/', slash), path.size());
  }
}

int open_for(const std::string& path, const ReadOptions& options) {
  // O_NONBLOCK: opening a FIFO without a writer would wait for ever.
  const int flags =
      O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (options.follow_links ? 0 : O_NOFOLLOW);
  return options.no_links ? open_plain(path, flags) : ::open(path.c_str(), flags);
}

Result<std::string> read_open(int file, const std::string& path, std::size_t size,
                              std::size_t max_bytes) {
  std::string out;
  std::size_t have = 0;
  // The size is only a first guess: the file may grow while it is read, and /proc says 0. What lies
  // in /proc/sys answers to the first read only, so that one asks for enough.
  std::size_t want = std::min(max_bytes, std::max(size, kPage)) + 1;
  for (;;) {
    out.resize(want);
    const auto got = ::read(file, out.data() + have, want - have);
    if (got < 0) {
      if (errno == EINTR) continue;
      return io_failure(errno, "read", path);
    }
    have += static_cast<std::size_t>(got);
    if (have > max_bytes) return over_limit(path, max_bytes);
    if (got == 0) break;
    if (have == want) want = std::min(max_bytes + 1, want + kPiece);
  }
  out.resize(have);
  return out;
}

#ifdef __APPLE__
const timespec& modified(const struct stat& info) { return info.st_mtimespec; }
const timespec& changed(const struct stat& info) { return info.st_ctimespec; }
#else
const timespec& modified(const struct stat& info) { return info.st_mtim; }
const timespec& changed(const struct stat& info) { return info.st_ctim; }
#endif

bool same(const struct stat& a, const struct stat& b) {
  const auto same_time = [](const timespec& x, const timespec& y) {
    return x.tv_sec == y.tv_sec && x.tv_nsec == y.tv_nsec;
  };
  // A file whose name another one took, or that got a second name, is none that somebody writes.
  const bool renamed = a.st_nlink != b.st_nlink;
  return a.st_size == b.st_size && same_time(modified(a), modified(b)) &&
         (renamed || same_time(changed(a), changed(b)));
}

// Time stamps of files move by ticks of the kernel (4 to 10 ms), so of a file that was written a
// moment ago they do not say that it rests.
bool written_just_now(const struct stat& info) {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const auto age = std::chrono::seconds(now.tv_sec - modified(info).tv_sec) +
                   std::chrono::nanoseconds(now.tv_nsec - modified(info).tv_nsec);
  return age < 2 * kTick && age > -kTick;
}

bool rests(int file, const struct stat& before) {
  if (written_just_now(before)) std::this_thread::sleep_for(kTick);
  struct stat after{};
  return ::fstat(file, &after) == 0 && same(before, after);
}

// nullopt: it changed while it was read.
Result<std::optional<std::string>> read_once(const std::string& path, const ReadOptions& options) {
  const Descriptor file(open_for(path, options));
  if (!file.ok()) {
    if (errno == ENXIO)
      return fail(Errc::invalid_request, "cannot read {}: it is no regular file.", path);
    return io_failure(errno, "read", path);
  }
  struct stat before{};
  TRY_STATUS(check_regular(file.get(), path, before));
  if (static_cast<std::uint64_t>(before.st_size) > options.max_bytes)
    return over_limit(path, options.max_bytes);
  TRY(auto text,
      read_open(file.get(), path, static_cast<std::size_t>(before.st_size), options.max_bytes));
  if (options.settled && !rests(file.get(), before)) return std::nullopt;
  return std::optional(std::move(text));
}

}  // namespace

Result<std::string> read_file(const std::string& path, ReadOptions options) {
  if (path.find('\0') != std::string::npos)
    return fail(Errc::invalid_request, "cannot read a path with a NUL byte in it.");
  for (auto wait = kFirstWait; wait <= kLastWait; wait *= 2) {
    TRY(auto text, read_once(path, options));
    if (text) return std::move(*text);
    std::this_thread::sleep_for(wait);
  }
  return fail(Errc::unavailable, "cannot read {}: something keeps writing to it. Try again.", path);
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

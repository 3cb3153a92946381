#include "log/file_sink.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

namespace carapace::log {
namespace {

std::string cause(int error) { return ::strerrordesc_np(error); }

}  // namespace

std::string FileSink::open(const std::string& path, std::int64_t rotate_bytes, int keep_files) {
  close();
  path_ = path;
  rotate_bytes_ = rotate_bytes;
  keep_files_ = keep_files;
  lost_ = 0;
  return path_.empty() ? std::string() : open_file();
}

std::string FileSink::open_file() {
  constexpr int kFlags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  file_ = ::open(path_.c_str(), kFlags, 0600);
  if (file_ < 0 && errno == ENOENT) {
    const auto slash = path_.rfind('/');
    if (slash != std::string::npos && slash > 0) ::mkdir(path_.substr(0, slash).c_str(), 0700);
    file_ = ::open(path_.c_str(), kFlags, 0600);
  }
  if (file_ < 0) return fmt::format("cannot open the log file {}: {}", path_, cause(errno));
  struct stat info{};
  if (::fstat(file_, &info) != 0 || !S_ISREG(info.st_mode)) {
    close();
    return fmt::format("cannot log to {}: it is no regular file", path_);
  }
  // Older versions or other programs may have left it readable for everybody.
  if ((info.st_mode & 077U) != 0) [[maybe_unused]]
    const int ignored = ::fchmod(file_, 0600);
  size_ = info.st_size;
  return {};
}

bool FileSink::write(std::string_view line) {
  if (path_.empty()) return true;
  if (file_ >= 0 && rotate_bytes_ > 0 && size_ > 0 &&
      size_ + static_cast<std::int64_t>(line.size()) > rotate_bytes_)
    rotate();
  if (file_ < 0 && !open_file().empty()) {
    ++lost_;
    return false;
  }
  const auto wrote = ::write(file_, line.data(), line.size());
  if (wrote > 0) size_ += wrote;
  if (wrote == static_cast<ssize_t>(line.size())) return true;
  // Half a line would spoil the next one: take it back.
  if (wrote > 0 && ::ftruncate(file_, size_ - wrote) == 0) size_ -= wrote;
  ++lost_;
  return false;
}

void FileSink::rotate() {
  ::close(std::exchange(file_, -1));
  if (keep_files_ <= 1) ::unlink(path_.c_str());
  for (int number = keep_files_ - 1; number >= 1; --number) {
    const auto older = fmt::format("{}.{}", path_, number);
    const auto newer = number == 1 ? path_ : fmt::format("{}.{}", path_, number - 1);
    if (::rename(newer.c_str(), older.c_str()) != 0 && errno != ENOENT) {
      // Nothing can be moved here: start the file anew rather than let it grow for ever.
      if (number == 1) [[maybe_unused]]
        const int ignored = ::truncate(path_.c_str(), 0);
    }
  }
}

void FileSink::close() {
  if (file_ >= 0) ::close(std::exchange(file_, -1));
  size_ = 0;
}

}  // namespace carapace::log

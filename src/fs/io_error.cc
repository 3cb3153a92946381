#include "fs/io_error.h"

#include <array>
#include <cerrno>
#include <cstring>

namespace carapace::fs {
namespace {

struct Row {
  int number;
  Errc code;
  std::string_view cause;
  std::string_view advice;
};

constexpr std::array kRows{
    Row{ENOSPC, Errc::unavailable, "the disk is full", "Free some space there and try again"},
    Row{EDQUOT, Errc::unavailable, "the disk quota is used up",
        "Free some space there and try again"},
    Row{EFBIG, Errc::too_large, "the file would pass a size limit",
        "Raise the limit (ulimit -f) or use another file system"},
    Row{EROFS, Errc::forbidden, "the file system is read-only",
        "Mount it writable, or choose another place (CARAPACE_STATE_DIR)"},
    Row{EACCES, Errc::forbidden, "permission denied",
        "Give this user access to it, or choose another place (CARAPACE_STATE_DIR)"},
    Row{EPERM, Errc::forbidden, "the operation is not permitted",
        "Give this user access to it, or choose another place (CARAPACE_STATE_DIR)"},
    Row{ENOENT, Errc::not_found, "it does not exist", "Check the path"},
    Row{ENOTDIR, Errc::invalid_request, "a part of the path is no folder", "Check the path"},
    Row{EISDIR, Errc::invalid_request, "it is a folder", "Name a file"},
    Row{ELOOP, Errc::invalid_request, "it is a symbolic link, or a loop of them",
        "Name the file itself"},
    Row{ENAMETOOLONG, Errc::invalid_request, "the name is too long", "Use a shorter path"},
    Row{EMFILE, Errc::unavailable, "this process has too many open files",
        "Raise the limit (ulimit -n)"},
    Row{ENFILE, Errc::unavailable, "the system has too many open files", "Close other programs"},
    Row{EIO, Errc::unavailable, "the disk reported an error", "Check the disk"},
};

}  // namespace

Error io_error(int errno_value, std::string_view action, std::string_view path) {
  for (const auto& row : kRows)
    if (row.number == errno_value)
      return {row.code, fmt::format("cannot {} {}: {}. {}.", action, path, row.cause, row.advice),
              -1};
  std::array<char, 128> buffer{};
  return {Errc::internal,
          fmt::format("cannot {} {}: {}.", action, path,
                      ::strerror_r(errno_value, buffer.data(), buffer.size())),
          -1};
}

std::unexpected<Error> io_failure(int errno_value, std::string_view action, std::string_view path) {
  return std::unexpected(io_error(errno_value, action, path));
}

std::string folder_of(std::string_view path) {
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

std::string name_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

}  // namespace carapace::fs

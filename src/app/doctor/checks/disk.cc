// Is there room, and may we write?
#include "app/doctor/checks/disk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "app/doctor/check.h"
#include "fs/io_error.h"

namespace carapace::doctor {
namespace {

constexpr std::uint64_t kMiB = 1ULL << 20U;
constexpr std::uint64_t kFull = 64 * kMiB;
constexpr std::uint64_t kLow = 512 * kMiB;
constexpr std::uint64_t kFewFiles = 1000;

// The folder itself, or the nearest one above it that is there.
std::string existing(std::string path) {
  struct stat info{};
  while (path.size() > 1 && ::stat(path.c_str(), &info) != 0) path = fs::folder_of(path);
  return path;
}

// Only a file that is really written tells: rights, read-only mounts and quotas have many ways.
int try_write(const std::string& folder) {
  auto name = folder + "/.doctor-XXXXXX";
  const int file = ::mkostemp(name.data(), O_CLOEXEC);
  if (file < 0) return errno;
  int error = ::write(file, "probe\n", 6) == 6 && ::fsync(file) == 0 ? 0 : errno;
  ::close(file);
  ::unlink(name.c_str());
  return error;
}

Findings run(const Ground& ground) {
  Findings out;
  const auto& state = ground.paths.state_dir;
  const auto folder = existing(state);
  struct statvfs system{};
  if (::statvfs(folder.c_str(), &system) == 0) {
    const Room room{.free_bytes = std::uint64_t{system.f_bavail} * system.f_frsize,
                    .files = system.f_files,
                    .free_files = system.f_favail};
    if (auto finding = judge_room(room, folder)) out.push_back(std::move(*finding));
  }
  if (const int error = folder == state ? try_write(state) : 0; error != 0)
    out.push_back({.check_id = "state_dir.not_writable",
                   .severity = Severity::critical,
                   .title = "The state folder cannot be written to",
                   .detail = fmt::format("{}: {}.", state, std::strerror(error)),
                   .remediation = error == EROFS    ? "mount -o remount,rw " + shell_word(folder)
                                  : error == ENOSPC ? "df -h " + shell_word(folder)
                                                    : "ls -ld " + shell_word(state)});
  return out;
}

}  // namespace

std::optional<Finding> judge_room(const Room& room, const std::string& folder) {
  const auto mib = room.free_bytes / kMiB;
  if (room.free_bytes < kLow) {
    const bool full = room.free_bytes < kFull;
    return Finding{
        .check_id = full ? "disk.full" : "disk.low",
        .severity = full ? Severity::critical : Severity::warn,
        .title = fmt::format("Only {} MiB are free", mib),
        .detail = fmt::format("On the disk of {}. A full disk stops every session.", folder),
        .remediation = fmt::format("du -xsh {}/* | sort -h", shell_word(folder))};
  }
  if (room.files > 0 && room.free_files < kFewFiles)
    return Finding{.check_id = "disk.few_files",
                   .severity = Severity::warn,
                   .title = fmt::format("Only {} more files can be made", room.free_files),
                   .detail = fmt::format("On the disk of {} (inodes).", folder),
                   .remediation = fmt::format("df -i {}", shell_word(folder))};
  return std::nullopt;
}

extern const Check disk_check;
constinit const Check disk_check{.id = "disk", .title = "disk", .run = run};

}  // namespace carapace::doctor

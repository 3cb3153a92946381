#include "fs/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <thread>

#include "fs/descriptor.h"
#include "fs/io_error.h"
#include "fs/read_file.h"

namespace carapace::fs {
namespace {

constexpr std::chrono::milliseconds kFirstPause{25};
constexpr std::chrono::milliseconds kLongestPause{250};

std::string by_whom(const std::string& path) {
  const auto pid = lock_holder(path);
  return pid > 0 ? fmt::format(" (pid {})", pid) : std::string();
}

// The number for others to read; a lock that cannot be labelled (full disk) is still a lock.
void write_holder(int file) {
  const auto text = fmt::format("{}\n", ::getpid());
  if (::ftruncate(file, 0) != 0) return;
  [[maybe_unused]] const auto wrote = ::pwrite(file, text.data(), text.size(), 0);
}

}  // namespace

FileLock::~FileLock() { ::close(file_); }

Result<std::unique_ptr<FileLock>> try_lock(const std::string& path) {
  const int number =
      ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (number < 0) return io_failure(errno, "open the lock file", path);
  auto lock = std::make_unique<FileLock>(number);
  struct stat info{};
  if (::fstat(number, &info) != 0) return io_failure(errno, "look at", path);
  if (!S_ISREG(info.st_mode))
    return fail(Errc::invalid_request,
                "cannot use {} as a lock: it is no regular file. Move it away.", path);
  while (::flock(number, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno == EWOULDBLOCK)
      return fail(Errc::conflict, "{} is locked by another process{}.", path, by_whom(path));
    return io_failure(errno, "lock", path);
  }
  write_holder(number);
  return lock;
}

Result<std::unique_ptr<FileLock>> lock_within(const std::string& path,
                                              std::chrono::milliseconds budget) {
  const auto end = std::chrono::steady_clock::now() + budget;
  for (auto pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    auto lock = try_lock(path);
    if (lock || lock.error().code != Errc::conflict) return lock;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    if (left <= std::chrono::milliseconds::zero())
      return fail(Errc::unavailable, "{} Waited {} ms; try again when it has ended.",
                  lock.error().detail, budget.count());
    std::this_thread::sleep_for(std::min(pause, left));
  }
}

Result<std::unique_ptr<FileLock>> lock_state_dir(const std::string& dir) {
  const auto path = dir + "/gateway.lock";
  auto lock = try_lock(path);
  if (!lock && lock.error().code == Errc::conflict)
    return fail(Errc::conflict,
                "another gateway{} uses this state directory ({}). Stop it, or give this one its "
                "own with --state-dir.",
                by_whom(path), dir);
  return lock;
}

bool is_locked(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  // Shared and given back at once: others who only look do not stand in each other's way.
  return file.ok() && ::flock(file.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

pid_t lock_holder(const std::string& path) {
  const auto text = read_file(path, {.max_bytes = 64});
  pid_t pid = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), pid);
  return std::max(pid, 0);
}

}  // namespace carapace::fs

#include "fs/atomic_write.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "fs/descriptor.h"
#include "fs/io_error.h"

namespace carapace::fs {
namespace {

// A temporary name inside one open folder; gone when this goes, unless it was renamed away.
class Temporary {
 public:
  explicit Temporary(int folder) : folder_(folder) {}
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    if (!name_.empty()) ::unlinkat(folder_, name_.c_str(), 0);
  }
  const char* name() const { return name_.c_str(); }
  void own(std::string name) { name_ = std::move(name); }
  void forget() { name_.clear(); }

 private:
  int folder_;
  std::string name_;
};

std::string temporary_begin(const std::string& target) { return fmt::format(".{}.tmp.", target); }

std::string temporary_name(const std::string& target) {
  static std::atomic<unsigned> counter{0};
  return fmt::format("{}{}.{}", temporary_begin(target), ::getpid(), counter.fetch_add(1));
}

// A process that was killed leaves its temporary file, and the next one may have its number: in a
// container that is the rule. What is there already is not ours, so another name is taken.
int open_temporary(int folder, const std::string& target, Temporary& temporary) {
  constexpr int kTries = 1000;
  int file = -1;
  for (int attempt = 0; attempt < kTries && file < 0; ++attempt) {
    auto name = temporary_name(target);
    // The owner-only mode first: the bytes are never readable for others, not even half written.
    file =
        ::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file >= 0)
      temporary.own(std::move(name));
    else if (errno != EEXIST)
      break;
  }
  return file;
}

int write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto wrote = ::write(file, bytes.data(), bytes.size());
    if (wrote < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return 0;
}

int sync(int file) {
  while (::fsync(file) != 0) {
    if (errno == EINTR) continue;
    return errno;
  }
  return 0;
}

// Some file systems cannot sync a folder and say EINVAL; there is nothing more to do there.
int sync_folder(int folder) {
  const int error = sync(folder);
  return error == EINVAL ? 0 : error;
}

Status check_target(int folder, const std::string& name, const std::string& path,
                    const WriteOptions& options) {
  struct stat info{};
  if (::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return {};
    return io_failure(errno, "look at", path);
  }
  if (!S_ISREG(info.st_mode))
    return fail(Errc::invalid_request,
                "cannot write {}: it is no regular file. Move it away and try again.", path);
  if (!options.replace) return fail(Errc::conflict, "cannot create {}: it is there already.", path);
  return {};
}

// A file that root replaces stays its owner's. Others cannot give files away, and then it is
// theirs.
void keep_owner(int folder, const std::string& name, int file) {
  struct stat info{};
  if (::fstatat(folder, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return;
  if (info.st_uid == ::geteuid() && info.st_gid == ::getegid()) return;
  [[maybe_unused]] const int kept = ::fchown(file, info.st_uid, info.st_gid);
}

// Gives the finished temporary file its name: by rename, or by link where nothing may be replaced.
int put_in_place(int folder, Temporary& temporary, const std::string& name, bool replace) {
  if (!replace) return ::linkat(folder, temporary.name(), folder, name.c_str(), 0) == 0 ? 0 : errno;
  if (::renameat(folder, temporary.name(), folder, name.c_str()) != 0) return errno;
  temporary.forget();
  return 0;
}

}  // namespace

Status atomic_write(const std::string& path, std::string_view bytes, WriteOptions options) {
  const auto name = name_of(path);
  const auto folder_path = folder_of(path);
  if (name.empty() || name == "." || name == ".." || path.find('\0') != std::string::npos)
    return fail(Errc::invalid_request, "cannot write '{}': that names no file.", path);
  const Descriptor folder(::open(folder_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.ok()) return io_failure(errno, "open the folder", folder_path);
  TRY_STATUS(check_target(folder.get(), name, path, options));

  Temporary temporary(folder.get());
  {
    const Descriptor file(open_temporary(folder.get(), name, temporary));
    if (!file.ok()) return io_failure(errno, "create a file beside", path);
    if (const int error = write_all(file.get(), bytes)) return io_failure(error, "write", path);
    keep_owner(folder.get(), name, file.get());
    if (::fchmod(file.get(), options.mode) != 0) return io_failure(errno, "set the mode of", path);
    if (const int error = sync(file.get())) return io_failure(error, "write", path);
  }
  if (const int error = put_in_place(folder.get(), temporary, name, options.replace)) {
    if (error == EEXIST)
      return fail(Errc::conflict, "cannot create {}: it is there already.", path);
    return io_failure(error, "replace", path);
  }
  if (const int error = sync_folder(folder.get()))
    return io_failure(error, "make the change durable for", path);
  return {};
}

void remove_leftovers(const std::string& path) {
  const auto begin = temporary_begin(name_of(path));
  std::error_code ignored;  // they are in nobody's way
  for (auto at = std::filesystem::directory_iterator(folder_of(path), ignored);
       !ignored && at != std::filesystem::directory_iterator(); at.increment(ignored)) {
    const auto name = at->path().filename().string();
    if (!name.starts_with(begin)) continue;
    if (name.find_first_not_of("0123456789.", begin.size()) != std::string::npos) continue;
    ::unlink(at->path().c_str());
  }
}

}  // namespace carapace::fs

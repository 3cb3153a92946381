// What the system grants: open files, watched folders, and what it has to lock a program in.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/inotify.h>
#endif

#include <cerrno>
#include <charconv>
#include <optional>

#include "app/doctor/check.h"
#include "fs/read_file.h"

namespace carapace::doctor {
namespace {

constexpr std::uint64_t kFewFiles = 4096;

std::optional<std::uint64_t> number_in(const std::string& file) {
  const auto text = fs::read_file(file, {.max_bytes = 256});
  std::uint64_t value = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), value).ec != std::errc())
    return std::nullopt;
  return value;
}

// A start raises the soft limit to the hard one.
void look_at_files(Findings& out) {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_max >= kFewFiles) return;
  out.push_back({.check_id = "kernel.open_files",
                 .severity = Severity::warn,
                 .title = fmt::format("A program may open only {} files", files.rlim_max),
                 .detail = "Each client is one.",
                 .remediation = "ulimit -Hn 65536   # or LimitNOFILE=65536 in the service"});
}

#if defined(__linux__)

void look_at_inotify(const Ground& ground, Findings& out) {
  for (const std::string name : {"max_user_instances", "max_user_watches"}) {
    const auto limit = number_in(ground.proc + "/sys/fs/inotify/" + name);
    if (!limit || *limit >= 8) continue;
    out.push_back({.check_id = "kernel.inotify_limit",
                   .severity = Severity::warn,
                   .title = "The kernel watches next to no files for a user",
                   .detail = fmt::format("fs.inotify.{} is {}; a changed configuration may not be "
                                         "noticed.",
                                         name, *limit),
                   .remediation = fmt::format("sudo sysctl fs.inotify.{}=512", name)});
  }
  const int watcher = ::inotify_init1(IN_CLOEXEC);
  if (watcher >= 0) {
    ::close(watcher);
  } else if (errno == EMFILE) {
    out.push_back({.check_id = "kernel.inotify_exhausted",
                   .severity = Severity::warn,
                   .title = "Other programs of this user watch as many files as they may",
                   .detail = "A changed configuration is not noticed.",
                   .remediation = "sudo sysctl fs.inotify.max_user_instances=1024"});
  }
}

void look_at_fences(const Ground& ground, Findings& out) {
  const auto status = fs::read_file(ground.proc + "/self/status", {.max_bytes = 64UL << 10U});
  if (status && !status->contains("Seccomp:"))
    out.push_back({.check_id = "kernel.no_seccomp",
                   .severity = Severity::info,
                   .title = "This kernel cannot filter system calls (seccomp)",
                   .detail = "Programs can be locked in less tightly.",
                   .remediation = "uname -r   # a kernel with CONFIG_SECCOMP_FILTER"});
  // Without the file nothing can be said.
  const auto modules = fs::read_file(ground.sys + "/kernel/security/lsm", {.max_bytes = 4096});
  if (modules && !modules->contains("landlock"))
    out.push_back({.check_id = "kernel.no_landlock",
                   .severity = Severity::info,
                   .title = "This kernel cannot fence off folders (Landlock)",
                   .detail = "Programs can be locked in less tightly.",
                   .remediation = "uname -r   # Linux 5.13 or newer with lsm=…,landlock"});
}

#else

void look_at_inotify(const Ground&, Findings&) {}
void look_at_fences(const Ground&, Findings&) {}

#endif

Findings run(const Ground& ground) {
  Findings out;
  look_at_files(out);
  look_at_inotify(ground, out);
  look_at_fences(ground, out);
  return out;
}

}  // namespace

extern const Check kernel_check;
constinit const Check kernel_check{.id = "kernel", .title = "limits of the system", .run = run};

}  // namespace carapace::doctor

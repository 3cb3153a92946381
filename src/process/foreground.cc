#include "process/foreground.h"

#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "process/arguments.h"

namespace carapace::process {
namespace {

// The terminal sends its signals to the whole group. The program decides what they mean; we only
// wait.
class QuietSignals {
 public:
  QuietSignals() {
    struct sigaction ignore{};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGINT, &ignore, &interrupt_);
    ::sigaction(SIGQUIT, &ignore, &quit_);
  }
  QuietSignals(const QuietSignals&) = delete;
  QuietSignals& operator=(const QuietSignals&) = delete;
  ~QuietSignals() {
    ::sigaction(SIGINT, &interrupt_, nullptr);
    ::sigaction(SIGQUIT, &quit_, nullptr);
  }

 private:
  struct sigaction interrupt_{};
  struct sigaction quit_{};
};

}  // namespace

Result<ForegroundEnd> run_in_foreground(const std::vector<std::string>& argv,
                                        const std::vector<std::string>& environment) {
  const auto words = pointers(argv);
  const auto variables = pointers(environment);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t usual;
  ::sigemptyset(&usual);
  for (const int number : {SIGINT, SIGQUIT, SIGPIPE}) ::sigaddset(&usual, number);
  ::posix_spawnattr_setsigdefault(&attributes, &usual);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  const QuietSignals quiet;
  pid_t child = 0;
  const int error =
      ::posix_spawnp(&child, words.front(), nullptr, &attributes, words.data(), variables.data());
  ::posix_spawnattr_destroy(&attributes);
  if (error != 0)
    return fail(error == EACCES ? Errc::forbidden : Errc::not_found, "{} could not be started: {}",
                argv.front(), std::strerror(error));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR)
      return fail(Errc::internal, "cannot wait for {}: {}", argv.front(), std::strerror(errno));
  if (WIFSIGNALED(status)) return ForegroundEnd{-1, WTERMSIG(status)};
  return ForegroundEnd{WEXITSTATUS(status), 0};
}

}  // namespace carapace::process

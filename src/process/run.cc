#include "process/run.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "process/arguments.h"
#include "process/program.h"

#if defined(__linux__)
#include <sys/syscall.h>
#endif

namespace carapace::process {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  int get() const { return number_; }
  bool open() const { return number_ >= 0; }
  void reset(int number) {
    close();
    number_ = number;
  }
  void close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }

 private:
  int number_ = -1;
};

struct Pipe {
  Descriptor reader;
  Descriptor writer;
};

Status make_pipe(Pipe& pipe) {
  std::array<int, 2> ends{};
#if defined(__linux__)
  const int error = ::pipe2(ends.data(), O_CLOEXEC);
#else
  const int error = ::pipe(ends.data());
#endif
  if (error != 0) return fail(Errc::unavailable, "no pipe: {}", std::strerror(errno));
  pipe.reader.reset(ends[0]);
  pipe.writer.reset(ends[1]);
#if !defined(__linux__)
  for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
#endif
  return {};
}

// No optimiser removes it: these bytes may have been a secret.
void blank(char* bytes, std::size_t count) {
  volatile char* at = bytes;
  for (std::size_t i = 0; i < count; ++i) at[i] = 0;
}

void make_nonblocking(int descriptor) {
  ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

// Writing to a child that no longer reads must not end this process, whatever it does with SIGPIPE.
class PipeSignalHeld {
 public:
  PipeSignalHeld() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &set_, &before_);
  }
  PipeSignalHeld(const PipeSignalHeld&) = delete;
  PipeSignalHeld& operator=(const PipeSignalHeld&) = delete;
  ~PipeSignalHeld() {
    sigset_t pending;
    if (!sigismember(&before_, SIGPIPE) && ::sigpending(&pending) == 0 &&
        sigismember(&pending, SIGPIPE)) {
      int taken = 0;
      ::sigwait(&set_, &taken);
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t set_{};
  sigset_t before_{};
};

class SpawnSetup {
 public:
  SpawnSetup() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
  ~SpawnSetup() {
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
  }
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

// A session of its own: a group that can be killed whole, and no terminal to ask on.
void set_up(SpawnSetup& setup, const std::string& folder, int input, int output, int errors) {
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  short flags = POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
#if defined(POSIX_SPAWN_CLOEXEC_DEFAULT)
  flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#endif
  ::posix_spawnattr_setflags(&setup.attributes, flags);
  ::posix_spawnattr_setsigmask(&setup.attributes, &none);
  ::posix_spawnattr_setsigdefault(&setup.attributes, &all);
  ::posix_spawn_file_actions_addchdir_np(&setup.actions, folder.c_str());
  ::posix_spawn_file_actions_adddup2(&setup.actions, input, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&setup.actions, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&setup.actions, errors, STDERR_FILENO);
#if defined(__linux__)
  ::posix_spawn_file_actions_addclosefrom_np(&setup.actions, STDERR_FILENO + 1);
#endif
}

// Ready to read when the child has ended; -1 where the kernel has no such thing.
int watch_child(pid_t child) {
#if defined(SYS_pidfd_open)
  return static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
#else
  (void)child;
  return -1;
#endif
}

class Running {
 public:
  Running(const RunRequest& request, pid_t child) : request_(request), child_(child) {
    exit_watch_.reset(watch_child(child));
    result_.output.reserve(request.max_output_bytes + 1);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    if (!reaped_) finish();
  }

  void take(Pipe& input, Pipe& output, Pipe& errors) {
    input_.reset(::dup(input.writer.get()));
    output_.reset(::dup(output.reader.get()));
    errors_.reset(::dup(errors.reader.get()));
    for (const auto* end : {&input_, &output_, &errors_}) {
      ::fcntl(end->get(), F_SETFD, FD_CLOEXEC);
      make_nonblocking(end->get());
    }
    if (request_.input.empty()) input_.close();
  }

  Result<RunResult> to_the_end();

 private:
  bool has_ended() const;
  void wait_a_little(Clock::time_point until);
  void feed();
  void read_output();
  void read_errors();
  Status why_stop(Clock::time_point deadline) const;
  void end_group();
  void finish();

  const RunRequest& request_;
  pid_t child_;
  bool reaped_ = false;
  int status_ = 0;
  std::size_t fed_ = 0;
  Descriptor exit_watch_;
  Descriptor input_;
  Descriptor output_;
  Descriptor errors_;
  RunResult result_;
};

// Looks without taking: as long as the child is not taken, its number is nobody else's.
bool Running::has_ended() const {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(child_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
         info.si_pid == child_;
}

void Running::wait_a_little(Clock::time_point until) {
  std::array<pollfd, 4> watched{};
  nfds_t count = 0;
  const auto watch = [&](const Descriptor& descriptor, short events) {
    if (descriptor.open()) watched[count++] = {descriptor.get(), events, 0};
  };
  watch(exit_watch_, POLLIN);
  watch(input_, POLLOUT);
  watch(output_, POLLIN);
  watch(errors_, POLLIN);
  const auto left = std::chrono::duration_cast<milliseconds>(until - Clock::now()).count() + 1;
  // Without something that tells its end, and for a wish to stop, somebody has to look.
  const std::int64_t nap = !exit_watch_.open() ? 10 : request_.stop.stop_possible() ? 50 : 60'000;
  ::poll(watched.data(), count, static_cast<int>(std::clamp<std::int64_t>(left, 0, nap)));
}

void Running::feed() {
  while (input_.open()) {
    const auto rest = std::string_view(request_.input).substr(fed_);
    if (rest.empty()) return input_.close();
    const auto written = ::write(input_.get(), rest.data(), rest.size());
    if (written > 0) {
      fed_ += static_cast<std::size_t>(written);
    } else if (errno != EINTR) {
      if (errno != EAGAIN) input_.close();
      return;
    }
  }
}

// Straight into the text that is handed out: a buffer between would keep a copy of a secret.
void Running::read_output() {
  auto& text = result_.output;
  while (output_.open() && text.size() <= request_.max_output_bytes) {
    const auto had = text.size();
    text.resize(request_.max_output_bytes + 1);
    const auto got = ::read(output_.get(), text.data() + had, text.size() - had);
    const int error = errno;
    text.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got > 0) continue;
    if (got < 0 && error == EINTR) continue;
    if (got == 0 || error != EAGAIN) output_.close();
    return;
  }
}

void Running::read_errors() {
  std::array<char, 4096> part{};
  auto& tail = result_.error_tail;
  // A flood must not keep the deadline waiting.
  for (int turns = 0; errors_.open() && turns < 64; ++turns) {
    const auto got = ::read(errors_.get(), part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      if (got == 0 || errno != EAGAIN) errors_.close();
      break;
    }
    tail.append(part.data(), static_cast<std::size_t>(got));
    if (tail.size() > request_.max_error_bytes)
      tail.erase(0, tail.size() - request_.max_error_bytes);
  }
  blank(part.data(), part.size());
}

Status Running::why_stop(Clock::time_point deadline) const {
  const auto& name = request_.argv.front();
  if (result_.output.size() > request_.max_output_bytes)
    return fail(Errc::too_large, "{} printed more than {} bytes", name, request_.max_output_bytes);
  if (request_.stop.stop_requested()) return fail(Errc::cancelled, "{} was stopped", name);
  if (Clock::now() >= deadline)
    return fail(Errc::timeout, "{} did not end within {} s", name,
                std::chrono::duration<double>(request_.deadline).count());
  return {};
}

Result<RunResult> Running::to_the_end() {
  const auto deadline = Clock::now() + request_.deadline;
  for (;;) {
    const bool ended = has_ended();  // asked first: what it printed before is in the pipe then
    feed();
    read_output();
    read_errors();
    // What it printed counts as too much also when it has ended meanwhile.
    if (ended && result_.output.size() <= request_.max_output_bytes) break;
    if (auto reason = why_stop(deadline); !reason) {
      end_group();
      blank(result_.output.data(), result_.output.size());
      return std::unexpected(reason.error());
    }
    wait_a_little(deadline);
  }
  finish();
  result_.exit_code = WIFEXITED(status_) ? WEXITSTATUS(status_) : -1;
  result_.signal = WIFSIGNALED(status_) ? WTERMSIG(status_) : 0;
  return std::move(result_);
}

void Running::end_group() {
  ::kill(-child_, SIGTERM);
  const auto until = Clock::now() + request_.grace;
  output_.close();
  input_.close();
  while (!has_ended() && Clock::now() < until) {
    read_errors();
    wait_a_little(std::min(until, Clock::now() + milliseconds(10)));
  }
  finish();
}

void Running::finish() {
  ::kill(-child_, SIGKILL);  // before it is taken: the number is still its own
  while (::waitpid(child_, &status_, 0) < 0 && errno == EINTR) {}
  reaped_ = true;
}

Errc code_of(int error) {
  if (error == ENOENT || error == ENOTDIR) return Errc::not_found;
  if (error == EACCES || error == ENOEXEC || error == EPERM) return Errc::forbidden;
  return error == E2BIG ? Errc::too_large : Errc::unavailable;
}

}  // namespace

Result<RunResult> run(const RunRequest& request) {
  CARAPACE_CHECK(!request.argv.empty());
  for (const auto* texts : {&request.argv, &request.environment})
    for (const auto& text : *texts)
      if (text.contains('\0')) return fail(Errc::invalid_request, "an argument holds a NUL byte");
  TRY(const auto program, find_program(request.argv.front(), request.environment));
  const PipeSignalHeld held;
  Pipe input, output, errors;
  TRY_STATUS(make_pipe(input));
  TRY_STATUS(make_pipe(output));
  TRY_STATUS(make_pipe(errors));
  pid_t child = 0;
  {
    SpawnSetup setup;
    set_up(setup, request.folder, input.reader.get(), output.writer.get(), errors.writer.get());
    const auto words = pointers(request.argv);
    const auto variables = pointers(request.environment);
    const int error = ::posix_spawn(&child, program.c_str(), &setup.actions, &setup.attributes,
                                    words.data(), variables.data());
    if (error != 0)
      return fail(code_of(error), "{} could not be started: {}", request.argv.front(),
                  std::strerror(error));
  }
  Running running(request, child);
  running.take(input, output, errors);
  for (auto* pipe : {&input, &output, &errors}) {
    pipe->reader.close();
    pipe->writer.close();
  }
  return running.to_the_end();
}

}  // namespace carapace::process

#include "process/run.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "support/temp_dir.h"

namespace carapace::process {
namespace {

using std::chrono::milliseconds;
using test::TempDir;
using test::write_text;

RunRequest shell(std::string script) {
  return {.argv = {"sh", "-c", std::move(script)}, .environment = {"PATH=/usr/bin:/bin"}};
}

std::size_t open_descriptors() {
  return static_cast<std::size_t>(std::ranges::distance(test::names_in("/proc/self/fd")));
}

bool has_children() {
  const int found = ::waitpid(-1, nullptr, WNOHANG);
  return found >= 0;  // -1 with ECHILD: none, not even one that nobody took
}

// Does a process with this number run (and is no zombie)?
bool lives(const std::string& pid) {
  const auto stat = test::read_text("/proc/" + pid + "/stat");
  const auto end = stat.rfind(')');
  return end != std::string::npos && stat.size() > end + 2 && stat[end + 2] != 'Z';
}

bool ends_within(const std::string& pid, milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (lives(pid)) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

TEST(Run, GivesOutputErrorsAndExitCode) {
  const auto ran = run(shell("echo out; echo err >&2; exit 7"));
  ASSERT_TRUE(ran) << ran.error().detail;
  EXPECT_EQ(ran->output, "out\n");
  EXPECT_EQ(ran->error_tail, "err\n");
  EXPECT_EQ(ran->exit_code, 7);
  EXPECT_EQ(ran->signal, 0);
  EXPECT_FALSE(has_children());
}

TEST(Run, ArgumentsAreNotReadByAnyShell) {
  const auto ran = run({.argv = {"printf", "%s|", "$HOME", "*", "a b", "`id`", "'"},
                        .environment = {"PATH=/usr/bin:/bin"}});
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->output, "$HOME|*|a b|`id`|'|");
}

TEST(Run, TheEnvironmentIsTheGivenOneAndNoOther) {
  ::setenv("CARAPACE_TEST_LEAK", "leak", 1);
  const auto ran = run({.argv = {"/usr/bin/env"}, .environment = {"ONLY=this"}});
  ::unsetenv("CARAPACE_TEST_LEAK");
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->output, "ONLY=this\n");
}

TEST(Run, NoDescriptorIsInherited) {
  const TempDir dir;
  write_text(dir / "secret", "s");
  const int leaky = ::open((dir / "secret").c_str(), O_RDONLY);  // without O_CLOEXEC
  ASSERT_GT(leaky, 2);
  const auto ran = run(shell("ls /proc/$$/fd"));
  ::close(leaky);
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->output, "0\n1\n2\n");
}

TEST(Run, LeavesNoDescriptorBehind) {
  ASSERT_TRUE(run(shell("true")));
  const auto before = open_descriptors();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(run(shell("echo x")));
  EXPECT_FALSE(run({.argv = {"/nonexistent/program"}}));
  EXPECT_EQ(open_descriptors(), before);
}

TEST(Run, StandardInputIsAtItsEndOrWhatIsGiven) {
  const auto closed = run(shell("cat; echo done"));
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->output, "done\n");
  auto request = shell("wc -c");
  request.input = std::string(1'000'000, 'x');  // more than a pipe holds
  const auto fed = run(request);
  ASSERT_TRUE(fed);
  EXPECT_EQ(fed->output, "1000000\n");
}

TEST(Run, AProgramThatDoesNotReadItsInputEndsNobodyElse) {
  auto request = shell("exec 0<&-; echo fine");
  request.input = std::string(1'000'000, 'x');
  const auto ran = run(request);
  ASSERT_TRUE(ran) << ran.error().detail;
  EXPECT_EQ(ran->output, "fine\n");
}

TEST(Run, AFloodIsCutAndTheProgramEnded) {
  auto request = shell("yes");
  request.max_output_bytes = 10'000;
  const auto began = std::chrono::steady_clock::now();
  const auto ran = run(request);
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().code, Errc::too_large);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  EXPECT_FALSE(has_children());
}

TEST(Run, OneByteTooMuchIsTooMuchAlsoWhenTheProgramHasEnded) {
  auto request = shell("printf 12345");
  request.max_output_bytes = 5;
  EXPECT_EQ(run(request).value().output, "12345");
  request.max_output_bytes = 4;
  EXPECT_EQ(run(request).error().code, Errc::too_large);
}

TEST(Run, OfAFloodOfErrorsTheEndIsKept) {
  auto request = shell("i=0; while [ $i -lt 2000 ]; do echo line $i >&2; i=$((i+1)); done");
  request.max_error_bytes = 20;
  const auto ran = run(request);
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->error_tail.size(), 20U);
  EXPECT_TRUE(ran->error_tail.ends_with("line 1999\n"));
}

TEST(Run, ADeadlineEndsAProgramThatIgnoresThePoliteSignal) {
  auto request = shell("trap '' TERM; echo $$ >&2; while :; do sleep 0.05; done");
  request.deadline = milliseconds(200);
  request.grace = milliseconds(100);
  const auto began = std::chrono::steady_clock::now();
  const auto ran = run(request);
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().code, Errc::timeout);
  EXPECT_GE(std::chrono::steady_clock::now() - began, milliseconds(300));
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  EXPECT_FALSE(has_children());
}

TEST(Run, ThePoliteSignalComesFirst) {
  const TempDir dir;
  auto request = shell("trap 'echo polite > " + (dir / "said") +
                       "; exit 0' TERM; while :; do sleep 0.02; done");
  request.deadline = milliseconds(300);
  request.grace = std::chrono::seconds(5);
  EXPECT_EQ(run(request).error().code, Errc::timeout);
  EXPECT_EQ(test::read_text(dir / "said"), "polite\n");
}

TEST(Run, AGrandchildThatKeepsThePipeOpenDelaysNobodyAndEndsToo) {
  const TempDir dir;
  const auto began = std::chrono::steady_clock::now();
  const auto ran = run(shell("sleep 60 & echo $!; exit 0"));
  ASSERT_TRUE(ran);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));
  const auto pid = ran->output.substr(0, ran->output.find('\n'));
  ASSERT_FALSE(pid.empty());
  EXPECT_TRUE(ends_within(pid, std::chrono::seconds(5)));
}

TEST(Run, AWishToStopEndsIt) {
  std::stop_source stop;
  auto request = shell("sleep 60");
  request.stop = stop.get_token();
  std::jthread other([&stop] { stop.request_stop(); });
  const auto ran = run(request);
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().code, Errc::cancelled);
  EXPECT_FALSE(has_children());
}

TEST(Run, SaysWhatIsMissingAndWhatMayNotRun) {
  const TempDir dir;
  write_text(dir / "plain", "#!/bin/sh\n");
  EXPECT_EQ(run({.argv = {"/nonexistent/x"}}).error().code, Errc::not_found);
  EXPECT_EQ(run({.argv = {"no-such-program-here"}}).error().code, Errc::not_found);
  EXPECT_EQ(run({.argv = {""}}).error().code, Errc::not_found);
  EXPECT_EQ(run({.argv = {dir.path()}}).error().code, Errc::not_found);  // a folder
  EXPECT_EQ(run({.argv = {dir / "plain"}}).error().code, Errc::forbidden);
  ::chmod((dir / "plain").c_str(), 0700);
  write_text(dir / "garbage", "\x01\x02\x03");
  ::chmod((dir / "garbage").c_str(), 0700);
  EXPECT_EQ(run({.argv = {dir / "garbage"}}).error().code, Errc::forbidden);
  auto lost = shell("true");
  lost.folder = dir / "nowhere";
  EXPECT_EQ(run(lost).error().code, Errc::not_found);
  EXPECT_EQ(run({.argv = {"/bin/echo", std::string("a\0b", 3)}}).error().code,
            Errc::invalid_request);
  EXPECT_FALSE(has_children());
}

TEST(Run, NamesAreLookedUpInTheGivenPathOnlyAndNeverInRelativeFolders) {
  const TempDir dir;
  write_text(dir / "tool", "#!/bin/sh\necho mine\n");
  ::chmod((dir / "tool").c_str(), 0700);
  EXPECT_EQ(run({.argv = {"tool"}, .environment = {"PATH=/bin:" + dir.path()}}).value().output,
            "mine\n");
  EXPECT_EQ(run({.argv = {"tool"}, .environment = {"PATH=.:"}, .folder = dir.path()}).error().code,
            Errc::not_found);
}

TEST(Run, ASignalIsToldFromAnExit) {
  const auto ran = run(shell("kill -9 $$"));
  ASSERT_TRUE(ran);
  EXPECT_EQ(ran->exit_code, -1);
  EXPECT_EQ(ran->signal, SIGKILL);
}

TEST(Run, HasNoTerminalAndAGroupOfItsOwn) {
  const auto ran =
      run(shell("ps -o pgid= -p $$ | tr -d ' '; echo $$; tty < /dev/tty || echo none"));
  ASSERT_TRUE(ran);
  const auto first = ran->output.substr(0, ran->output.find('\n'));
  EXPECT_EQ(ran->output, first + "\n" + first + "\nnone\n");
}

TEST(Run, SignalsThatThisProcessIgnoresWorkInTheChild) {
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  const auto ran = run(shell("grep -i sigign /proc/$$/status"));
  ::signal(SIGPIPE, before);
  ASSERT_TRUE(ran);
  ASSERT_TRUE(ran->output.starts_with("SigIgn:\t")) << ran->output;
  EXPECT_EQ(std::stoull(ran->output.substr(8), nullptr, 16) & (1ULL << (SIGPIPE - 1)), 0U);
}

TEST(Run, ManyAtOnceDoNotMixUp) {
  std::vector<std::jthread> threads;
  std::array<std::string, 8> answers;
  for (std::size_t i = 0; i < answers.size(); ++i)
    threads.emplace_back([i, &answers] {
      for (int round = 0; round < 10; ++round) {
        const auto ran = run(shell("echo " + std::to_string(i)));
        answers[i] = ran ? ran->output : ran.error().detail;
      }
    });
  threads.clear();
  for (std::size_t i = 0; i < answers.size(); ++i) EXPECT_EQ(answers[i], std::to_string(i) + "\n");
}

}  // namespace
}  // namespace carapace::process

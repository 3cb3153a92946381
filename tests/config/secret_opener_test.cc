#include "config/secret_opener.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <map>
#include <thread>

#include "async/coro.h"
#include "async/task_group.h"
#include "base/random.h"
#include "secret/envelope.h"
#include "support/loop_fixture.h"
#include "support/temp_dir.h"

namespace carapace::config {
namespace {

using test::TempDir;
using test::write_text;

Environment environment(std::map<std::string, std::string, std::less<>> more = {}) {
  more.emplace("PATH", "/usr/bin:/bin");
  return Environment(std::move(more));
}

std::string opened(const SecretOpener& opener, const std::string& text) {
  auto found = const_cast<SecretOpener&>(opener).open_now(text, "some.key");
  return found ? std::string(found->reveal()) : "error: " + found.error().detail;
}
Errc refused(SecretOpener& opener, const std::string& text) {
  const auto found = opener.open_now(text, "some.key");
  EXPECT_FALSE(found) << text;
  return found ? Errc::internal : found.error().code;
}

TEST(SecretReference, IsToldByItsPrefix) {
  for (const auto* text : {"enc:v2:a:b:c", "enc:v9:x", "keychain:a", "file:/x", "exec:true"})
    EXPECT_TRUE(SecretOpener::is_reference(text)) << text;
  for (const auto* text :
       {"", "sk-123", "File:/x", " file:/x", "enc:x", "execute", "${FILE}", "https://x"})
    EXPECT_FALSE(SecretOpener::is_reference(text)) << text;
}

TEST(ProgramWords, SplitAtBlanksWithQuotes) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(program_words("op read op://vault/item").value(),
            (Words{"op", "read", "op://vault/item"}));
  EXPECT_EQ(program_words(R"(  a  'b c' "d e" f\ g '' "x\"y" 'q\')").value(),
            (Words{"a", "b c", "d e", "f g", "", "x\"y", "q\\"}));
  EXPECT_EQ(program_words(R"(pre'fix 'post)").value(), (Words{"prefix post"}));
  EXPECT_EQ(program_words("a $HOME * `id` ; | > x").value(),
            (Words{"a", "$HOME", "*", "`id`", ";", "|", ">", "x"}));
  EXPECT_EQ(program_words("['sh', \"-c\", 'a b', /* c */ '',]").value(),
            (Words{"sh", "-c", "a b", ""}));
  for (const auto* text : {"", "   ", "[]", "['']", "''", "'open", "\"open", "end\\", "[1]",
                           "['a', null]", "['a'", "[['a']]", "['a'] b"})
    EXPECT_EQ(program_words(text).error().code, Errc::invalid_request) << text;
  std::string many = "x";
  for (int i = 0; i < 300; ++i) many += " x";
  EXPECT_EQ(program_words(many).error().code, Errc::invalid_request);
}

TEST(SecretOpener, ATextThatIsNoReferenceIsTheSecret) {
  SecretOpener opener(environment());
  EXPECT_EQ(opened(opener, "sk-literal"), "sk-literal");
  EXPECT_EQ(opened(opener, ""), "");
}

TEST(SecretOpener, ReadsAFileAndTakesItsLastLineEnd) {
  const TempDir dir;
  SecretOpener opener(environment({{"HOME", dir.path()}}));
  write_text(dir / "a", "sk-file\n");
  write_text(dir / "b", "sk-file2\r\n");
  write_text(dir / "c", "sk-file3");
  EXPECT_EQ(opened(opener, "file:" + (dir / "a")), "sk-file");
  EXPECT_EQ(opened(opener, "file:" + (dir / "b")), "sk-file2");
  EXPECT_EQ(opened(opener, "file:~/c"), "sk-file3");
  EXPECT_EQ(opened(opener, "file://" + (dir / "a")), "sk-file");
  std::filesystem::create_symlink(dir / "a", dir / "link");
  EXPECT_EQ(opened(opener, "file:" + (dir / "link")), "sk-file");
}

TEST(SecretOpener, RefusesFilesThatHoldNoSecret) {
  const TempDir dir;
  SecretOpener opener(environment());
  ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
  write_text(dir / "empty", "\n");
  write_text(dir / "two", "planted-1\nplanted-2\n");
  write_text(dir / "long", std::string(65'537, 'x'));
  write_text(dir / "nul", std::string("a\0b", 3));
  write_text(dir / "latin", "\xff\xfe");
  std::filesystem::create_symlink("loop", dir / "loop");
  EXPECT_EQ(refused(opener, "file:" + (dir / "gone")), Errc::not_found);
  EXPECT_EQ(refused(opener, "file:" + (dir / "fifo")), Errc::invalid_request);
  EXPECT_EQ(refused(opener, "file:" + dir.path()), Errc::invalid_request);
  EXPECT_EQ(refused(opener, "file:" + (dir / "empty")), Errc::invalid_request);
  EXPECT_EQ(refused(opener, "file:" + (dir / "long")), Errc::too_large);
  EXPECT_EQ(refused(opener, "file:" + (dir / "nul")), Errc::invalid_request);
  EXPECT_EQ(refused(opener, "file:" + (dir / "latin")), Errc::invalid_request);
  EXPECT_EQ(refused(opener, "file:/dev/zero"), Errc::invalid_request);
  EXPECT_EQ(refused(opener, "file:relative"), Errc::invalid_request);
  EXPECT_EQ(refused(opener, "file:"), Errc::invalid_request);
  refused(opener, "file:" + (dir / "loop"));
  const auto two = opened(opener, "file:" + (dir / "two"));
  EXPECT_NE(two.find("some.key"), std::string::npos);
  EXPECT_EQ(two.find("planted"), std::string::npos);
}

TEST(SecretOpener, RunsAProgramAndTakesItsFirstLine) {
  SecretOpener opener(environment({{"VAULT_TOKEN", "v"}, {"CARAPACE_CONFIG_PASSWORD", "hidden"}}));
  EXPECT_EQ(opened(opener, "exec:printf 'sk-%s' exec"), "sk-exec");
  EXPECT_EQ(opened(opener, "exec:['printf', 'sk-one\\nlogin: x\\n']"), "sk-one");
  EXPECT_EQ(opened(opener, "exec:sh -c 'echo \"$VAULT_TOKEN$CARAPACE_CONFIG_PASSWORD\"'"), "v");
}

TEST(SecretOpener, ErrorsOfAProgramNameItAndNeverWhatItSaid) {
  SecretOpener opener(environment());
  const std::string failing = "exec:['sh', '-c', 'echo planted-out; echo planted-err >&2; exit 3']";
  const auto failed = opened(opener, failing);
  EXPECT_EQ(refused(opener, failing), Errc::unavailable);
  EXPECT_NE(failed.find("some.key"), std::string::npos);
  EXPECT_NE(failed.find("sh failed (exit code 3)"), std::string::npos);
  EXPECT_EQ(failed.find("planted"), std::string::npos);
  EXPECT_EQ(refused(opener, "exec:no-such-program-here x"), Errc::not_found);
  EXPECT_EQ(refused(opener, "exec:true"), Errc::invalid_request);
  EXPECT_EQ(refused(opener, "exec:yes-not-there"), Errc::not_found);
  EXPECT_EQ(refused(opener, "exec:yes"), Errc::too_large);
  EXPECT_EQ(refused(opener, "exec:./here"), Errc::invalid_request);
  EXPECT_EQ(refused(opener, "exec:"), Errc::invalid_request);
}

TEST(SecretOpener, OpensAnEnvelopeWithThePasswordOfTheEnvironment) {
  SystemRandom random;
  secret::Envelopes envelopes{secret::Sealed("word")};
  const auto text = envelopes.seal("sk-sealed", random).value();
  SecretOpener with(environment({{"CARAPACE_CONFIG_PASSWORD", "word"}}));
  EXPECT_FALSE(with.is_locked(text));
  EXPECT_EQ(opened(with, text), "sk-sealed");
  SecretOpener without(environment());
  EXPECT_TRUE(without.is_locked(text));
  EXPECT_FALSE(without.is_locked("plain"));
  EXPECT_EQ(refused(without, text), Errc::unauthorized);
  SecretOpener wrong(environment({{"CARAPACE_CONFIG_PASSWORD", "other"}}));
  EXPECT_EQ(refused(wrong, text), Errc::unauthorized);
  EXPECT_NE(opened(wrong, text).find("some.key"), std::string::npos);
  EXPECT_EQ(refused(with, "enc:v3:a:b:c"), Errc::invalid_request);
}

TEST(SecretOpener, AsksTheKeychainForServiceAndAccount) {
  SecretOpener opener(environment(),
                      [](std::string_view service, std::string_view account,
                         const std::stop_token&) -> Result<secret::Sealed> {
                        if (account == "gone")
                          return fail(Errc::not_found, "there is no such credential");
                        return secret::Sealed(std::string(service) + "|" + std::string(account));
                      });
  EXPECT_EQ(opened(opener, "keychain:provider:main:key"), "carapace|provider:main:key");
  EXPECT_EQ(opened(opener, "keychain:other/me"), "other|me");
  EXPECT_EQ(refused(opener, "keychain:gone"), Errc::not_found);
  EXPECT_EQ(refused(opener, "keychain:"), Errc::invalid_request);
  EXPECT_EQ(refused(opener, "keychain:/x"), Errc::invalid_request);
  EXPECT_EQ(refused(opener, "keychain:x/"), Errc::invalid_request);
  SecretOpener none(environment());
  EXPECT_EQ(refused(none, "keychain:x"), Errc::unavailable);
}

TEST(SecretOpener, LooksOnceForManyAndAgainAfterForgetting) {
  const TempDir dir;
  SecretOpener opener(environment());
  const auto text = "exec:['sh', '-c', 'echo x >> " + (dir / "calls") + "; echo sk']";
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> readers;
    for (int i = 0; i < 8; ++i)
      readers.emplace_back([&] { good += opened(opener, text) == "sk" ? 1 : 0; });
  }
  EXPECT_EQ(good, 8);
  EXPECT_EQ(test::read_text(dir / "calls"), "x\n");
  opener.forget();
  EXPECT_EQ(opened(opener, text), "sk");
  EXPECT_EQ(test::read_text(dir / "calls"), "x\nx\n");
}

TEST(SecretOpener, VariablesOfTheFileThatAreSealedAreOpenForPrograms) {
  SystemRandom random;
  secret::Envelopes envelopes{secret::Sealed("word")};
  SecretOpener opener(environment({{"CARAPACE_CONFIG_PASSWORD", "word"},
                                   {"VAULT_TOKEN", envelopes.seal("sealed", random).value()},
                                   {"OP_TOKEN", "keychain:op"},
                                   {"GONE_TOKEN", "keychain:gone"},
                                   {"DATA_URL", "keychain:op"}}),
                      [](std::string_view, std::string_view account,
                         const std::stop_token&) -> Result<secret::Sealed> {
                        if (account == "op") return secret::Sealed("kept");
                        return fail(Errc::not_found, "none");
                      });
  EXPECT_EQ(opened(opener, "exec:sh -c 'echo $VAULT_TOKEN $OP_TOKEN ${GONE_TOKEN-left} $DATA_URL'"),
            "sealed kept left keychain:op");
}

using SecretOpenerLoop = test::LoopTest;

Task<void> open_into(SecretOpener* opener, std::string text, Stop stop,
                     std::vector<std::string>* out) {
  const auto found = co_await opener->open(std::move(text), "some.key", std::move(stop));
  out->push_back(found ? std::string(found->reveal()) : "error: " + found.error().detail);
}

// Writes a line into the file, then waits for ever.
std::string hangs(const std::string& calls) {
  return "exec:['sh', '-c', 'echo x >> " + calls + "; trap \"\" TERM; while :; do sleep 1; done']";
}
Task<void> until_lines(std::string path, std::string lines) {
  while (test::read_text(path) != lines) co_await sleep_for(std::chrono::milliseconds(5));
}

TEST_F(SecretOpenerLoop, AStopEndsItsWaitAtOnceAndTheProgramWithTheLastOne) {
  const TempDir dir;
  SecretOpener opener(environment());
  const auto text = hangs(dir / "calls");
  std::vector<std::string> first, second, third;
  TaskGroup group(loop_, nullptr);
  Stop one, two, three;
  group.spawn(open_into(&opener, text, one, &first));
  group.spawn(open_into(&opener, text, two, &second));
  run(until_lines(dir / "calls", "x\n"));
  one.request("enough");
  while (first.empty()) run(yield_now());
  EXPECT_EQ(first[0], "error: some.key cannot be opened: stopped: enough");
  EXPECT_TRUE(second.empty());
  two.request("enough too");
  while (second.empty()) run(yield_now());
  // Who comes now begins anew.
  group.spawn(open_into(&opener, text, three, &third));
  run(until_lines(dir / "calls", "x\nx\n"));
  EXPECT_TRUE(third.empty());
  three.request("done");
  run(group.join());
  Stop late;
  late.request("before");
  run(open_into(&opener, text, late, &third));
  EXPECT_EQ(third.back(), "error: some.key cannot be opened: stopped: before");
  EXPECT_EQ(test::read_text(dir / "calls"), "x\nx\n");
}

TEST_F(SecretOpenerLoop, ProgramsThatHangHoldUpNoOtherSecret) {
  const TempDir dir;
  write_text(dir / "key", "sk");
  SecretOpener opener(environment());
  std::vector<std::string> hanging, got;
  TaskGroup group(loop_, nullptr);
  for (int i = 0; i < 20; ++i) group.spawn(open_into(&opener, hangs(dir / "calls"), {}, &hanging));
  run(until_lines(dir / "calls", "x\n"));
  run(open_into(&opener, "file:" + (dir / "key"), {}, &got));
  EXPECT_EQ(got, std::vector<std::string>{"sk"});
  EXPECT_TRUE(hanging.empty());
  opener.give_up();
  run(group.join());
  EXPECT_EQ(hanging.size(), 20U);
}

TEST(SecretOpener, AFailureIsTriedAgainAtTheNextUse) {
  const TempDir dir;
  SecretOpener opener(environment());
  const auto text = "file:" + (dir / "later");
  EXPECT_EQ(refused(opener, text), Errc::not_found);
  write_text(dir / "later", "here");
  EXPECT_EQ(opened(opener, text), "here");
}

}  // namespace
}  // namespace carapace::config

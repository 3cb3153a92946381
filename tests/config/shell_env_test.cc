#include "config/read/shell_env.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>

#include "base/json.h"
#include "support/temp_dir.h"

namespace carapace::config {
namespace {

using test::TempDir;
using test::write_text;

class ShellEnvTest : public ::testing::Test {
 protected:
  // A shell that does this and then what it is asked to.
  void shell(const std::string& first) {
    write_text(dir_ / "shell", "#!/bin/sh\necho \"$*\" >> " + (dir_ / "asked") + "\n" + first +
                                   "\n[ \"$1\" = -l ] && shift\nexec /bin/sh \"$@\"\n");
    ASSERT_EQ(::chmod((dir_ / "shell").c_str(), 0700), 0);
  }
  Result<ShellEnv> ask(std::string_view tree, std::vector<std::string> expected = {"KEY"}) {
    return with_login_shell(Environment(values_), parse_json(tree).value(), std::move(expected));
  }
  bool was_asked() const { return ::access((dir_ / "asked").c_str(), F_OK) == 0; }

  TempDir dir_;
  std::map<std::string, std::string, std::less<>> values_{{"SHELL", dir_ / "shell"},
                                                          {"HOME", dir_.path()},
                                                          {"PATH", "/usr/bin:/bin"},
                                                          {"HAVE", "mine"}};
};

constexpr auto kOn = R"({"env":{"shellEnv":{"enabled":true}}})";

TEST_F(ShellEnvTest, TakesWhatIsWantedAndMissing) {
  shell("echo 'Welcome. KEY=no'; export KEY='a b\nc' HAVE=theirs OTHER=x LATER=y EMPTY=");
  const auto got = ask(R"({"env":{"shellEnv":{"enabled":true}},"a":["${LATER} ${NONE}"]})",
                       {"KEY", "HAVE", "EMPTY"});
  ASSERT_TRUE(got) << got.error().detail;
  EXPECT_EQ(got->environment.get("KEY"), "a b\nc");
  EXPECT_EQ(got->environment.get("HAVE"), "mine") << "the process wins";
  EXPECT_EQ(got->environment.get("LATER"), "y") << "the configuration refers to it";
  EXPECT_EQ(got->environment.get("OTHER"), std::nullopt) << "nobody asked";
  EXPECT_EQ(got->taken.size(), 2U);
}

TEST_F(ShellEnvTest, AsksNobodyWithoutNeed) {
  shell("export KEY=k");
  EXPECT_EQ(ask("{}")->environment.get("KEY"), std::nullopt);
  EXPECT_EQ(ask(R"({"env":{"shellEnv":{"enabled":false}}})")->taken.size(), 0U);
  EXPECT_EQ(ask(R"({"env":5})")->taken.size(), 0U);
  EXPECT_EQ(ask(kOn, {"HAVE"})->taken.size(), 0U) << "nothing is missing";
  EXPECT_FALSE(was_asked());
  values_["CLAWDBOT_LOAD_SHELL_ENV"] = "1";
  EXPECT_EQ(ask("{}")->environment.get("KEY"), "k");
  EXPECT_TRUE(was_asked());
}

TEST_F(ShellEnvTest, ShellsThatFail) {
  shell("exit 3");
  EXPECT_EQ(ask(kOn).error().code, Errc::unavailable);
  values_["SHELL"] = dir_ / "none";
  EXPECT_EQ(ask(kOn).error().code, Errc::not_found);
  values_["SHELL"] = dir_ / "shell";
  shell("sleep 60");
  const auto started = std::chrono::steady_clock::now();
  const auto slow = ask(R"({"env":{"shellEnv":{"enabled":true,"timeoutMs":100}}})");
  EXPECT_EQ(slow.error().code, Errc::timeout);
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(10));
  shell("head -c 3000000 /dev/zero");
  EXPECT_EQ(ask(kOn).error().code, Errc::too_large);
}

}  // namespace
}  // namespace carapace::config

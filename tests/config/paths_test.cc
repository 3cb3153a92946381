#include "config/paths.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "support/temp_dir.h"

namespace carapace::config {
namespace {

using Values = std::map<std::string, std::string, std::less<>>;

Paths resolved(Values values, const PathChoice& choice = {}) {
  return resolve_paths(Environment(std::move(values)), choice).value();
}

TEST(Paths, StateDirectory) {
  EXPECT_EQ(resolved({{"HOME", "/h"}}).state_dir, "/h/.carapace");
  EXPECT_EQ(resolved({{"HOME", "/h"}, {"MOLTBOT_STATE_DIR", "/m"}}).state_dir, "/m");
  EXPECT_EQ(resolved({{"HOME", "/h"}, {"MOLTBOT_STATE_DIR", "/m"}, {"CLAWDBOT_STATE_DIR", "/c"}})
                .state_dir,
            "/m")
      << "the newer name";
  EXPECT_EQ(resolved({{"HOME", "/h"}, {"OPENCLAW_STATE_DIR", "/o"}, {"MOLTBOT_STATE_DIR", "/m"}})
                .state_dir,
            "/o");
  EXPECT_EQ(resolved({{"HOME", "/h"}, {"CLAWDBOT_STATE_DIR", "/c"}, {"CARAPACE_STATE_DIR", "~/x/"}})
                .state_dir,
            "/h/x");
  EXPECT_EQ(resolved({{"HOME", "/h"}, {"CARAPACE_STATE_DIR", ""}}).state_dir, "/h/.carapace")
      << "empty is not set";
  EXPECT_EQ(resolved({{"HOME", "/h"}, {"CARAPACE_STATE_DIR", "/e"}}, {.state_dir = "/opt/a/../b"})
                .state_dir,
            "/opt/b");
  EXPECT_EQ(resolved({{"CARAPACE_STATE_DIR", "rel"}}).state_dir,
            (std::filesystem::current_path() / "rel").string());
  const auto nowhere = resolve_paths(Environment{});
  ASSERT_FALSE(nowhere);
  EXPECT_NE(nowhere.error().detail.find("--state-dir"), std::string::npos);
}

TEST(Paths, ConfigurationFile) {
  const test::TempDir dir;
  EXPECT_EQ(resolved({{"HOME", dir.path()}}).config_file, dir / ".carapace/carapace.json5");
  EXPECT_EQ(resolved({{"CARAPACE_STATE_DIR", dir.path()}, {"CLAWDBOT_CONFIG_PATH", "/c.json"}})
                .config_file,
            "/c.json");
  EXPECT_EQ(
      resolved(
          {{"HOME", "/h"}, {"CLAWDBOT_CONFIG_PATH", "/c"}, {"CARAPACE_CONFIG_PATH", "~/k.json5"}})
          .config_file,
      "/h/k.json5");
  EXPECT_EQ(resolved({{"HOME", "/h"}, {"CARAPACE_CONFIG_PATH", "/k"}}, {.config_file = "/mine"})
                .config_file,
            "/mine");
  test::write_text(dir / "carapace.json", "{}");
  EXPECT_EQ(resolved({{"CARAPACE_STATE_DIR", dir.path()}}).config_file, dir / "carapace.json");
  test::write_text(dir / "carapace.json5", "{}");
  EXPECT_EQ(resolved({{"CARAPACE_STATE_DIR", dir.path()}}).config_file, dir / "carapace.json5");
}

// Whoever names the folder of an earlier program means the file in it.
TEST(Paths, AFolderThatSomebodyNames) {
  const test::TempDir dir;
  const auto file = [&](const char* variable) {
    return resolved({{"HOME", "/nowhere"}, {variable, dir.path()}}).config_file;
  };
  EXPECT_EQ(file("CLAWDBOT_STATE_DIR"), dir / "carapace.json5");
  for (const auto* name : {"clawdbot.json", "moltbot.json", "moltbot.json5", "openclaw.json",
                           "carapace.json", "carapace.json5"}) {
    test::write_text(dir / name, "{}");
    EXPECT_EQ(file("CLAWDBOT_STATE_DIR"), dir / name);
    EXPECT_EQ(file("CARAPACE_STATE_DIR"), dir / name);
    EXPECT_EQ(resolved({{"HOME", "/nowhere"}}, {.state_dir = dir.path()}).config_file, dir / name);
  }
}

TEST(Paths, FilesOfEarlierProgramsAtTheirOwnPlaces) {
  const test::TempDir home;
  const auto found = [&] { return resolved({{"HOME", home.path()}}); };
  const auto place = [&](const std::string& folder, const std::string& name) {
    std::filesystem::create_directories(home / folder);
    test::write_text(home / (folder + "/" + name), "{}");
  };
  EXPECT_FALSE(found().inherited);
  place(".moltbot", "moltbot.json");
  EXPECT_EQ(found().config_file, home / ".moltbot/moltbot.json");
  EXPECT_TRUE(found().inherited);
  EXPECT_EQ(found().state_dir, home / ".carapace") << "what is stored stays apart";
  EXPECT_TRUE(found().older.empty());
  place(".clawdbot", "clawdbot.json");
  EXPECT_EQ(found().config_file, home / ".clawdbot/clawdbot.json");
  EXPECT_EQ(found().older, std::vector<std::string>{home / ".moltbot/moltbot.json"});
  place(".openclaw", "openclaw.json");
  EXPECT_EQ(found().config_file, home / ".openclaw/openclaw.json");
#ifndef __APPLE__
  place(".config/carapace", "carapace.json5");
  EXPECT_EQ(found().config_file, home / ".config/carapace/carapace.json5");
  EXPECT_TRUE(found().inherited);
  EXPECT_EQ(resolved({{"HOME", home.path()}, {"XDG_CONFIG_HOME", "/none"}}).config_file,
            home / ".openclaw/openclaw.json");
#endif
  place(".carapace", "carapace.json");
  EXPECT_EQ(found().config_file, home / ".carapace/carapace.json") << "ours comes first";
  EXPECT_FALSE(found().inherited);
  EXPECT_GE(found().older.size(), 3U);
  EXPECT_EQ(resolved({{"HOME", home.path()}, {"CARAPACE_STATE_DIR", home / "s"}}).config_file,
            home / "s/carapace.json5")
      << "a named folder is looked at alone";
}

TEST(Paths, HomeExpansion) {
  const Environment environment(Values{{"HOME", "/h"}});
  EXPECT_EQ(expand_home("~", environment), "/h");
  EXPECT_EQ(expand_home("~/a", environment), "/h/a");
  EXPECT_EQ(expand_home("~other/a", environment), "~other/a");
  EXPECT_EQ(expand_home("a/~/b", environment), "a/~/b");
  EXPECT_EQ(expand_home("~/a", Environment{}), "~/a");
}

TEST(Environment, FromTheProcess) {
  ASSERT_EQ(::setenv("CARAPACE_TEST_VALUE", "a=b", 1), 0);
  const auto environment = Environment::from_process();
  EXPECT_EQ(environment.get("CARAPACE_TEST_VALUE"), "a=b");
  EXPECT_EQ(environment.get("CARAPACE_TEST_NOT_SET"), std::nullopt);
  ASSERT_EQ(::setenv("CARAPACE_TEST_VALUE", "changed", 1), 0);
  EXPECT_EQ(environment.get("CARAPACE_TEST_VALUE"), "a=b") << "a snapshot";
  ::unsetenv("CARAPACE_TEST_VALUE");
  EXPECT_FALSE(environment.all().empty());
}

}  // namespace
}  // namespace carapace::config

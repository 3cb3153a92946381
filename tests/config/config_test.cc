#include "config/config.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "support/sample_rows.h"
#include "support/temp_dir.h"

namespace carapace::config {
namespace {

using test::TempDir;
using test::write_text;

class ConfigTest : public ::testing::Test {
 protected:
  Result<Config> from(std::string_view text) {
    return Config::from_text(text, "c.json5", schema_, environment_);
  }
  Config good(std::string_view text) { return from(text).value(); }
  std::string problem(std::string_view text) {
    const auto config = from(text);
    return config ? "no problem" : config.error().detail;
  }

  Schema schema_{test::sample_rows()};
  Environment environment_{{{"HOME", "/home/joe"}, {"MY_KEY", "sk-secret"}, {"EMPTY", ""}}};
};

TEST_F(ConfigTest, DefaultsWithoutAFile) {
  const TempDir dir;
  const auto config = Config::load(dir / "none.json5", schema_, environment_);
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_FALSE(config->from_file());
  EXPECT_EQ(config->integer("gateway.port"), 18789);
  EXPECT_EQ(config->text("gateway.bind"), "loopback");
  EXPECT_TRUE(config->flag("gateway.controlUi.enabled"));
  EXPECT_TRUE(config->list("gateway.controlUi.allowedOrigins").empty());
  EXPECT_EQ(config->text("gateway.auth.token"), "");
  EXPECT_FALSE(config->has("gateway.port"));
  EXPECT_EQ(config->file_path("agents.defaults.workspace"), "/home/joe/carapace");
  EXPECT_EQ(config->object("models.providers"), nullptr);
  EXPECT_EQ(config->number("models.budget.dailyUsd"), 0);
}

TEST_F(ConfigTest, TypedValues) {
  const auto config = good(R"({
    gateway: {port: 0x50, controlUi: {enabled: false, allowedOrigins: ['http://a', 'http://b']}},
    models: {budget: {dailyUsd: 2.5}, providers: {local: {baseUrl: 'http://x', models: [{id: 'm', contextWindow: 4096}]}}},
    agents: {defaults: {model: 'local/m', timeoutSeconds: null}},
  })");
  EXPECT_EQ(config.integer("gateway.port"), 80);
  EXPECT_TRUE(config.has("gateway.port"));
  EXPECT_FALSE(config.flag("gateway.controlUi.enabled"));
  EXPECT_EQ(config.list("gateway.controlUi.allowedOrigins"),
            (std::vector<std::string>{"http://a", "http://b"}));
  EXPECT_EQ(config.number("models.budget.dailyUsd"), 2.5);
  EXPECT_EQ(config.text("models.providers.local.baseUrl"), "http://x");
  EXPECT_EQ(config.integer("models.providers.local.models[0].contextWindow"), 4096);
  EXPECT_EQ(config.integer("models.providers.local.models[0].maxTokens"), 8192);
  EXPECT_EQ(config.integer("models.providers.local.models[7].maxTokens"), 8192);
  ASSERT_NE(config.object("models.providers"), nullptr);
  EXPECT_EQ(config.object("models.providers")->size(), 1U);
  EXPECT_EQ(config.text("agents.defaults.model.primary"), "local/m") << "the short form";
  EXPECT_EQ(config.integer("agents.defaults.timeoutSeconds"), 600) << "null is not set";
  EXPECT_FALSE(config.has("agents.defaults.timeoutSeconds"));
}

TEST_F(ConfigTest, ReferencesAreFilledInAndNotShown) {
  const auto config =
      good("{models: {providers: {x: {apiKey: '${MY_KEY}', baseUrl: 'http://$${H}'}}}}");
  EXPECT_EQ(config.text("models.providers.x.apiKey"), "sk-secret");
  EXPECT_EQ(config.text("models.providers.x.baseUrl"), "http://${H}");
  EXPECT_EQ(dump_json(config.shown_all()),
            R"({"models":{"providers":{"x":{"apiKey":"${MY_KEY}","baseUrl":"http://$${H}"}}}})");
  const auto missing = problem("{gateway: {auth: {token: '${NOT_SET}'}}}");
  EXPECT_NE(missing.find("gateway.auth.token: wants the environment variable NOT_SET"),
            std::string::npos)
      << missing;
  EXPECT_NE(problem("{gateway: {bind: '${EMPTY}'}}").find("EMPTY"), std::string::npos);
}

TEST_F(ConfigTest, BrokenFilesSayWhereAndWhatToDo) {
  EXPECT_EQ(problem("{\n  gateway: {\n    port: 1\n    bind: 'lan'\n  }\n}"),
            "c.json5:4:5: expected ',' or '}', not 'b'.\nMend the file, or move it away to start "
            "with defaults.");
  EXPECT_EQ(
      problem("{\n  gateway: {\n    port: 0,\n    bind: 5,\n  }\n}"),
      "c.json5 is not valid:\n  c.json5:3:11: gateway.port: must be between 1 and 65535, not 0.\n"
      "  c.json5:4:11: gateway.bind: must be text, not a number: put it in quotes.\n"
      "Mend the file, or move it away to start with defaults.");
  EXPECT_NE(problem("[1]").find("the configuration must be an object"), std::string::npos);
  EXPECT_NE(problem("'text'").find("the configuration must be an object"), std::string::npos);
  std::string many = "{models: {providers: {";
  for (int i = 0; i < 30; ++i) many += fmt::format("p{}: {{apiKey: 1}},", i);
  const auto detail = problem(many + "}}}");
  EXPECT_NE(detail.find("and 20 more"), std::string::npos) << detail;
}

TEST_F(ConfigTest, UnknownKeysAreKeptAndReported) {
  const auto config = good("{gateway: {prot: 1}, channels: {x: 1}}");
  ASSERT_EQ(config.warnings().size(), 2U);
  EXPECT_EQ(config.warnings()[0].path, "gateway.prot");
  EXPECT_EQ(config.raw().at("channels").at("x"), 1);
}

TEST_F(ConfigTest, ShownForPeople) {
  const auto config = good("{gateway: {auth: {token: 'hunter2'}}, models: {providers: {a: {}}}}");
  EXPECT_EQ(config.shown("gateway.port").value(), 18789);
  EXPECT_EQ(config.shown("gateway.auth.token").value(), "***");
  EXPECT_EQ(config.shown("gateway").value().at("auth").at("token"), "***");
  EXPECT_EQ(config.shown("gateway").value().at("port"), 18789) << "defaults are in force too";
  EXPECT_EQ(config.shown_in_force().at("gateway").at("port"), 18789);
  EXPECT_EQ(
      good("{agents: {defaults: {model: 'a/b'}}}").shown("agents.defaults.model.primary").value(),
      "a/b")
      << "the short form";
  const auto missing = config.shown("gateway.prot");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_EQ(missing.error().detail, "there is no key gateway.prot. Did you mean gateway.port?");
  EXPECT_EQ(config.shown("logging.file").error().detail,
            "logging.file is not set and has no default.");
  EXPECT_EQ(config.shown("a..b").error().code, Errc::invalid_request);
}

TEST_F(ConfigTest, IsAValue) {
  auto a = good("{gateway: {port: 1}}");
  const auto b = a;
  a = good("{gateway: {port: 2}}");
  EXPECT_EQ(b.integer("gateway.port"), 1);
  EXPECT_EQ(a.integer("gateway.port"), 2);
  const auto c = std::move(a);
  EXPECT_EQ(c.integer("gateway.port"), 2);
}

TEST_F(ConfigTest, FilesOfAllKinds) {
  const TempDir dir;
  const auto load = [&](const std::string& name) {
    return Config::load(dir / name, schema_, environment_);
  };
  write_text(dir / "blank", " \n\t");
  EXPECT_TRUE(load("blank"));
  write_text(dir / "bom", "\xEF\xBB\xBF{gateway: {port: 7}}");
  EXPECT_EQ(load("bom")->integer("gateway.port"), 7);
  ASSERT_EQ(::symlink("bom", (dir / "link").c_str()), 0);
  EXPECT_EQ(load("link")->integer("gateway.port"), 7)
      << "links are followed: people keep their files elsewhere";
  ASSERT_EQ(::symlink("loop", (dir / "loop").c_str()), 0);
  EXPECT_FALSE(load("loop"));
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(load("pipe").error().code, Errc::invalid_request);
  EXPECT_EQ(Config::load(dir.path(), schema_, environment_).error().code, Errc::invalid_request);
  write_text(dir / "nul", std::string_view("{}\0", 3));
  EXPECT_NE(load("nul").error().detail.find(":1:3: a NUL byte"), std::string::npos);
  write_text(dir / "big", "");
  ASSERT_EQ(::truncate((dir / "big").c_str(), 5LL << 30), 0);
  EXPECT_EQ(load("big").error().code, Errc::too_large);
}

TEST_F(ConfigTest, GettersCheckTheirPath) {
  const auto config = good("{}");
  EXPECT_DEATH((void)config.text("gateway.prot"), "broken invariant");
  EXPECT_DEATH((void)config.value("nobody.knows"), "broken invariant");
}

}  // namespace
}  // namespace carapace::config

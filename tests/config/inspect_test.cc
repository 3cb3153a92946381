// From files to a configuration: older spellings, the `env` section, missing variables, `~`, and
// what is told about each.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.h"
#include "base/make_row.h"
#include "config/config.h"
#include "support/temp_dir.h"

namespace carapace::config {
namespace {

using test::TempDir;
using test::write_text;
namespace row = make_row;

constexpr FieldRow kRows[]{
    row::whole("gateway.port", 1, 65535, "A port.", "18789"),
    row::text("gateway.bind", "An address."),
    row::secret("gateway.auth.token", "A token."),
    row::secret("models.providers.*.apiKey", "A key."),
    row::text("models.providers.*.baseUrl", "An address."),
    row::text("agents.defaults.model.primary", "A model."),
    row::text("agents.defaults.workspace", "A folder."),
    row::texts("tools.exec.pathPrepend", "Folders."),
    row::map("env.vars", "Variables."),
};

class InspectTest : public ::testing::Test {
 protected:
  Inspection look(std::string_view main) {
    write_text(file(), std::string(main));
    return inspect(file(), schema_, environment_);
  }
  std::string file() const { return dir_ / "c.json5"; }
  static bool tells(const std::vector<Issue>& issues, Severity severity, std::string_view path,
                    std::string_view words) {
    return std::ranges::any_of(issues, [&](const Issue& issue) {
      return issue.severity == severity && issue.path == path &&
             issue.message.find(words) != std::string::npos;
    });
  }

  TempDir dir_;
  Schema schema_{std::span<const FieldRow>(kRows)};
  Environment environment_{
      {{"HOME", "/home/joe"}, {"SET", "from the process"}, {"EMPTY", ""}, {"PORT", "80"}}};
};

TEST_F(InspectTest, ABrokenFileIsKeptWithWhatIsWrong) {
  const auto broken = look("{\n  gateway: {port: 1,,}\n}");
  EXPECT_FALSE(broken.valid());
  EXPECT_FALSE(broken.config);
  EXPECT_EQ(broken.document.text, "{\n  gateway: {port: 1,,}\n}");
  EXPECT_TRUE(broken.document.exists);
  EXPECT_EQ(broken.document.hash().size(), 64U);
  EXPECT_EQ(broken.error->detail,
            file() +
                ":2:21: a key was expected, not ','.\nMend the file, or move it away to start "
                "with defaults.");
  ASSERT_EQ(broken.issues.size(), 1U);
  EXPECT_EQ(broken.issues[0].severity, Severity::error);

  const auto wrong = look("{gateway: {port: 'x'}, unknown: 1}");
  EXPECT_FALSE(wrong.config);
  EXPECT_EQ(wrong.document.tree().at("unknown"), 1) << "what the file says stays readable";
  EXPECT_TRUE(tells(wrong.issues, Severity::warning, "unknown", "does not know"));
  EXPECT_NE(wrong.error->detail.find(file() + ":1:18: gateway.port: "), std::string::npos)
      << wrong.error->detail;
}

TEST_F(InspectTest, ErrorsOfAnIncludeNameTheInclude) {
  write_text(dir_ / "net.json5", "{\n  bind: 5\n}");
  const auto wrong = look("{gateway: {$include: 'net.json5', port: 1}}");
  EXPECT_NE(wrong.error->detail.find(dir_ / "net.json5:2:9: gateway.bind: must be text"),
            std::string::npos)
      << wrong.error->detail;
  write_text(dir_ / "net.json5", "{bind: 'lan'}");
  const auto right = look("{gateway: {$include: 'net.json5', port: 1}}");
  ASSERT_TRUE(right.config);
  EXPECT_EQ(right.config->source("gateway.bind").file, dir_ / "net.json5");
  EXPECT_EQ(right.config->source("gateway.port").file, file());
  EXPECT_EQ(right.config->source("gateway.auth.token").line, 0U);
  EXPECT_EQ(right.config->document().files.size(), 2U);
}

TEST_F(InspectTest, NullIsKeptAndRepeatedKeysAreTold) {
  const auto found = look("{gateway: {port: 1, port: 2, bind: null}}");
  ASSERT_TRUE(found.config);
  EXPECT_TRUE(found.valid());
  EXPECT_EQ(found.config->integer("gateway.port"), 2);
  EXPECT_EQ(dump_json(found.config->shown_all()), R"({"gateway":{"port":2,"bind":null}})");
  EXPECT_TRUE(tells(found.config->warnings(), Severity::warning, "gateway.port", "stands twice"));
}

// One provider without its key is no reason to have no gateway.
TEST_F(InspectTest, AMissingVariableOfAWayOut) {
  const auto found =
      look("{\n  models: {providers: {\n    a: {apiKey: '${NOPE}'},\n    b: {apiKey: '${SET}'}}}}");
  EXPECT_FALSE(found.valid());
  EXPECT_NE(found.error->detail.find(
                file() + ":3:17: models.providers.a.apiKey: wants the environment variable NOPE"),
            std::string::npos)
      << found.error->detail;
  EXPECT_NE(found.error->detail.find("$${NOPE}"), std::string::npos);
  ASSERT_TRUE(found.config) << "it can be used";
  EXPECT_FALSE(found.config->has("models.providers.a.apiKey"));
  EXPECT_EQ(found.config->text("models.providers.b.apiKey"), "from the process");
  EXPECT_TRUE(
      tells(found.config->warnings(), Severity::error, "models.providers.a.apiKey", "NOPE"));
  EXPECT_EQ(found.config->shown_all().at("models").at("providers").at("a").at("apiKey"), "${NOPE}");
}

// Without what guards the gateway it would stand open, or shut its owner out.
TEST_F(InspectTest, AMissingVariableOfAWayInOrOfASetting) {
  for (const auto* text :
       {"{gateway: {auth: {token: '${NOPE}'}}}", "{gateway: {bind: 'x${EMPTY}'}}",
        "{models: {providers: {a: {baseUrl: '${NOPE}', apiKey: '${NOPE}'}}}}"}) {
    const auto found = look(text);
    EXPECT_FALSE(found.valid());
    EXPECT_FALSE(found.config) << text;
    EXPECT_NE(found.error->detail.find(file() + ":1:"), std::string::npos) << found.error->detail;
  }
}

TEST_F(InspectTest, UnclosedReferences) {
  EXPECT_TRUE(look("{gateway: {bind: '${OPEN'}}").valid());
  const auto secret = look("{models: {providers: {a: {apiKey: 'k${OPEN'}}}}");
  EXPECT_FALSE(secret.valid());
  EXPECT_NE(secret.error->detail.find("models.providers.a.apiKey: holds a ${"), std::string::npos);
  EXPECT_EQ(secret.error->detail.find("OPEN"), std::string::npos) << "a secret is not quoted";
}

TEST_F(InspectTest, TheEnvSectionLiesBeneathTheProcess) {
  const auto found = look(R"({
    env: {vars: {A: 'a', SET: 'from the file', EMPTY: 'filled', B: '${A}b', D: 'map'},
          C: '${B}c', D: 'direct', shellEnv: {enabled: false}, N: 5, W: '$${A}'},
    gateway: {bind: '${C} ${SET} ${EMPTY} ${D} ${W}'},
  })");
  ASSERT_TRUE(found.config) << found.error->detail;
  EXPECT_EQ(found.config->text("gateway.bind"), "abc from the process filled direct ${A}");
  const auto& environment = found.config->environment();
  EXPECT_EQ(environment.get("C"), "abc");
  EXPECT_EQ(environment.get("SET"), "from the process");
  EXPECT_EQ(environment.get("HOME"), "/home/joe");
  EXPECT_EQ(environment.get("N"), std::nullopt);
  EXPECT_EQ(environment.get("shellEnv"), std::nullopt);
  EXPECT_EQ(::getenv("C"), nullptr) << "nothing goes into the process";
  EXPECT_EQ(found.config->tree().at("env").at("vars").at("B"), "ab");
}

TEST_F(InspectTest, EnvEntriesThatReferInACircleOrToNothing) {
  const auto circle = look(
      "{\nenv: {vars: {A: '${B}', B: '${C}', C: '${A}', D: 'd'}},\n"
      "models: {providers: {x: {apiKey: '${D}', baseUrl: '$${A}'}}}}");
  EXPECT_FALSE(circle.valid());
  EXPECT_NE(circle.error->detail.find("A -> B -> C -> A"), std::string::npos)
      << circle.error->detail;
  ASSERT_TRUE(circle.config) << "nobody needs them";
  EXPECT_EQ(circle.config->environment().get("A"), std::nullopt);
  EXPECT_EQ(circle.config->text("models.providers.x.apiKey"), "d");

  const auto missing = look("{env: {A: '${NOPE}'}, gateway: {bind: '${A}'}}");
  EXPECT_TRUE(tells(missing.issues, Severity::error, "env.A", "NOPE"));
  EXPECT_TRUE(tells(missing.issues, Severity::error, "gateway.bind", "variable A"));
  EXPECT_FALSE(missing.config);
  EXPECT_TRUE(look("{env: {SET: '${NOPE}'}}").valid()) << "the process has it";
  EXPECT_FALSE(look("{env: {SELF: '${SELF}'}}").valid());
}

TEST_F(InspectTest, VariablesThatMultiply) {
  std::string env = "V9: 'lol'";
  for (int i = 0; i < 9; ++i) {
    env += fmt::format(", V{}: '", i);
    for (int n = 0; n < 100; ++n) env += fmt::format("${{V{}}}", i + 1);
    env += "'";
  }
  const auto laughs = look(fmt::format("{{env: {{{}}}, gateway: {{bind: '${{V9}}'}}}}", env));
  EXPECT_TRUE(tells(laughs.issues, Severity::error, "env.V6", "too long"));
  ASSERT_TRUE(laughs.config) << "nobody needs them";
  EXPECT_EQ(laughs.config->text("gateway.bind"), "lol");

  std::string often;
  for (int n = 0; n < 200; ++n) often += "${LONG}";
  const auto text = fmt::format("{{env: {{LONG: '{}'}}, gateway: {{bind: '{}'}}}}",
                                std::string(100'000, 'x'), often);
  const auto found = look(text);
  EXPECT_TRUE(tells(found.issues, Severity::error, "gateway.bind", "longer than"));
  EXPECT_FALSE(found.config);
}

TEST_F(InspectTest, OfManyProblemsTheFirstAreTold) {
  std::string text = "{";
  for (int i = 0; i < 30'000; ++i) text += fmt::format("k{}: 1,\n", i);
  for (int i = 0; i < 30'000; ++i) text += fmt::format("k{}: 2,\n", i);
  for (int i = 0; i < 300; ++i)
    text += fmt::format("'models': {{providers: {{p{}: {{apiKey: 1}}}}}},\n", i);
  const auto found = look(text + "gateway: {port: 'x'}}");
  EXPECT_TRUE(tells(found.issues, Severity::error, "gateway.port", "number"));
  EXPECT_TRUE(tells(found.issues, Severity::warning, "", "more warnings"));
  EXPECT_LT(found.issues.size(), 500U);
  EXPECT_EQ(found.document.tree().at("k29999"), 2);
}

TEST_F(InspectTest, EnvNamesThatSteerTheReading) {
  for (const auto* name :
       {"CARAPACE_CONFIG_PATH", "carapace_state_dir", "Carapace_Disable_Config_Cache",
        "CARAPACE_CONFIG_CACHE_MS", "CARAPACE_CONFIG_PASSWORD", "CARAPACE_INCLUDE_ROOT"})
    for (const auto* form : {"{{env: {{{}: '/x'}}}}", "{{env: {{vars: {{{}: '/x'}}}}}}"}) {
      const auto found = look(fmt::format(fmt::runtime(form), name));
      EXPECT_FALSE(found.config) << name;
      EXPECT_EQ(found.issues.at(0).severity, Severity::error);
      EXPECT_NE(found.issues.at(0).path.find(name), std::string::npos);
    }
  const auto older = look("{env: {CLAWDBOT_STATE_DIR: '/x', GOOD: 'y'}}");
  ASSERT_TRUE(older.config) << "an earlier program took no notice of it";
  EXPECT_TRUE(tells(older.issues, Severity::warning, "env.CLAWDBOT_STATE_DIR", "environment"));
  EXPECT_EQ(older.config->environment().get("CLAWDBOT_STATE_DIR"), std::nullopt);
  EXPECT_EQ(older.config->environment().get("GOOD"), "y");
  EXPECT_FALSE(look(R"({env: {NUL: 'a\0b'}})").config);
  EXPECT_FALSE(look(R"({env: {'A=B': 'x'}})").config);
  EXPECT_FALSE(look(R"({env: {'': 'x'}})").config);
}

TEST_F(InspectTest, HomeInPaths) {
  const auto found = look(R"({
    agents: {defaults: {workspace: '~/w'}, list: [{agentDir: '~', name: '~/n'}]},
    tools: {exec: {pathPrepend: ['~/bin', '/opt', '~other']}},
    x: {FILE: '~/f', roots: ['~/r'], filed: '~/no', dirs: ['~/no'], paths: ['~/p'], path: 5},
    env: {MY_PATH: '~/kept'},
  })");
  ASSERT_TRUE(found.config) << found.error->detail;
  const auto& tree = found.config->tree();
  EXPECT_EQ(found.config->text("agents.defaults.workspace"), "/home/joe/w");
  EXPECT_EQ(dump_json(tree.at("agents").at("list")), R"([{"agentDir":"/home/joe","name":"~/n"}])");
  EXPECT_EQ(found.config->list("tools.exec.pathPrepend"),
            (std::vector<std::string>{"/home/joe/bin", "/opt", "~other"}));
  EXPECT_EQ(dump_json(tree.at("x")),
            R"({"FILE":"/home/joe/f","roots":["/home/joe/r"],"filed":"~/no","dirs":["~/no"],)"
            R"("paths":["/home/joe/p"],"path":5})");
  EXPECT_EQ(found.config->environment().get("MY_PATH"), "~/kept");
  EXPECT_EQ(found.config->shown_all().at("agents").at("defaults").at("workspace"), "~/w");
}

TEST_F(InspectTest, OlderSpellingsAreReadAsTodays) {
  const auto found = look(
      "{\n  gateway: {token: 'old'},\n  agent: {model: 'a/b',\n"
      "    workspace: 7}}");
  EXPECT_TRUE(tells(found.legacy, Severity::warning, "gateway.token", "gateway.auth.token"));
  EXPECT_TRUE(tells(found.legacy, Severity::warning, "agent.model", "agents.defaults.model"));
  EXPECT_NE(found.error->detail.find(file() + ":4:16: agents.defaults.workspace: must be text"),
            std::string::npos)
      << "the place is that of the older spelling: " << found.error->detail;
  EXPECT_EQ(to_text(found.document.source({"agents", "defaults", "workspace"})), file() + ":4:16");
  const auto good = look("{\n  gateway: {token: 'old'}}");
  ASSERT_TRUE(good.config);
  EXPECT_EQ(good.config->text("gateway.auth.token"), "old");
  EXPECT_EQ(to_text(good.config->source("gateway.auth.token")), file() + ":2:20");
  EXPECT_EQ(good.config->legacy_issues().size(), 1U);
  EXPECT_EQ(dump_json(good.config->raw()), R"({"gateway":{"token":"old"}})") << "never written";
  EXPECT_EQ(dump_json(good.config->shown_all()), R"({"gateway":{"token":"***"}})");
  EXPECT_EQ(good.config->shown("gateway.auth.token").value(), "***") << "by the name of today";
  EXPECT_EQ(look("{agent: {workspace: '~/w'}}").config->shown("agents.defaults.workspace").value(),
            "~/w");
}

}  // namespace
}  // namespace carapace::config

#include "config/explain/explain.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/make_row.h"
#include "support/temp_dir.h"

namespace carapace::config {
namespace {

using test::TempDir;
using test::write_text;

constexpr FieldRow for_later(FieldRow row) {
  row.planned = true;
  return row;
}
constexpr FieldRow at_once(FieldRow row) {
  row.reload = Reload::hot;
  return row;
}
constexpr FieldRow kRows[] = {
    make_row::whole("gateway.port", 1, 65535, "Port.", "18789"),
    make_row::secret("gateway.auth.token", "Token."),
    at_once(make_row::choice("logging.level", "debug|info|warn", "Level.", "\"info\"")),
    for_later(make_row::text("later.key", "For later.")),
    make_row::text("plain.text", "A text."),
};

class ExplainTest : public ::testing::Test {
 protected:
  Explanation explained(std::string_view key, std::string_view text,
                        std::map<std::string, std::string, std::less<>> variables = {},
                        const std::vector<std::string>& spoken = {}) {
    write_text(dir_ / "c.json5", text);
    const Environment environment(std::move(variables));
    const auto found = inspect(dir_ / "c.json5", schema_, environment);
    return explain(parse_key_path(key).value(), found, schema_, environment, spoken);
  }

  TempDir dir_;
  Schema schema_{kRows};
};

TEST_F(ExplainTest, TheDefaultOfTheRow) {
  const auto told = explained("gateway.port", "{}");
  EXPECT_EQ(told.origin, Origin::fallback);
  EXPECT_EQ(told.value, "18789");
  EXPECT_EQ(explained("plain.text", "{}").origin, Origin::unset);
}

TEST_F(ExplainTest, TheFileWithItsLine) {
  const auto told = explained("gateway.port", "{\n  gateway: { port: 1024 },\n}");
  EXPECT_EQ(told.origin, Origin::file);
  EXPECT_EQ(told.source.line, 2U);
  EXPECT_EQ(told.value, "1024");
}

TEST_F(ExplainTest, AnIncludeWithItsOwnLine) {
  write_text(dir_ / "part.json5", "{\n\n port: 1025}");
  const auto told = explained("gateway.port", "{gateway: {$include: './part.json5'}}");
  EXPECT_EQ(told.origin, Origin::include);
  EXPECT_EQ(told.source.file, dir_ / "part.json5");
  EXPECT_EQ(told.source.line, 3U);
}

TEST_F(ExplainTest, AVariableWinsOrFillsInAsItDoesAtTheStart) {
  const auto port =
      explained("gateway.port", "{gateway: {port: 1024}}", {{"CLAWDBOT_GATEWAY_PORT", "1026"}});
  EXPECT_EQ(port.origin, Origin::environment);
  EXPECT_EQ(port.variable, "CLAWDBOT_GATEWAY_PORT");
  EXPECT_EQ(port.value, "1026");
  const auto token = explained("gateway.auth.token", "{gateway: {auth: {token: 'of the file'}}}",
                               {{"CARAPACE_GATEWAY_TOKEN", "of the environment"}});
  EXPECT_EQ(token.origin, Origin::file);
  const auto spoken = explained("plain.text", "{}", {{"MY_TEXT", "x"}}, {"OTHER", "MY_TEXT"});
  EXPECT_EQ(spoken.origin, Origin::environment);
  EXPECT_EQ(spoken.variable, "MY_TEXT");
}

TEST_F(ExplainTest, SecretsAreMaskedWhereverTheyComeFrom) {
  const std::map<std::string, std::string, std::less<>> variables{
      {"CARAPACE_GATEWAY_TOKEN", "planted"}};
  for (const auto& told : {explained("gateway.auth.token", "{}", variables),
                           explained("gateway.auth.token", "{gateway: {auth: {token: 'planted'}}}"),
                           explained("gateway.auth", "{gateway: {auth: {token: 'planted'}}}")}) {
    EXPECT_FALSE(to_text(told).contains("planted"));
    EXPECT_FALSE(dump_json(to_json(told)).contains("planted"));
    EXPECT_NE(told.value, "");
  }
}

TEST_F(ExplainTest, ReferencesAreToldWithWhereTheyAreSet) {
  const auto told = explained("plain.text", "{plain: {text: '${ONE} $${NOT} ${TWO}'}}",
                              {{"ONE", "1"}, {"TWO", "2"}});
  EXPECT_EQ(told.references, (std::vector<Reference>{{"ONE", Reference::From::process},
                                                     {"TWO", Reference::From::process}}));
  const auto missing = explained("plain.text", "{plain: {text: '${NONE}'}}");
  EXPECT_EQ(missing.references, (std::vector<Reference>{{"NONE", Reference::From::missing}}));
}

TEST_F(ExplainTest, AFileWithErrorsIsExplainedAllTheSame) {
  const auto told = explained("gateway.port", "{gateway: {port: 'x'}}");
  EXPECT_EQ(told.origin, Origin::file);
  EXPECT_EQ(told.value, "\"x\"");
  EXPECT_EQ(explained("gateway.port", "{gateway: ").origin, Origin::fallback);
}

TEST_F(ExplainTest, UnknownKeysGetTheNearestName) {
  const auto told = explained("gateway.prot", "{}");
  EXPECT_FALSE(told.known);
  EXPECT_EQ(told.near, "gateway.port");
  EXPECT_TRUE(explained("gateway", "{}").known);
}

TEST_F(ExplainTest, TheTextSaysBoundsChoicesReloadAndPlans) {
  EXPECT_TRUE(to_text(explained("gateway.port", "{}")).contains("65535"));
  EXPECT_TRUE(to_text(explained("logging.level", "{}")).contains("debug, info, warn"));
  EXPECT_TRUE(to_text(explained("logging.level", "{}")).contains("applies at once"));
  EXPECT_TRUE(to_text(explained("later.key", "{}")).contains("does not use it yet"));
  EXPECT_FALSE(to_text(explained("later.key", "{}")).contains("restart"));
  const auto port = to_json(explained("gateway.port", "{}")).get_object();
  EXPECT_EQ(dump_json(port.at("bounds")), R"({"min":1,"max":65535})");
  EXPECT_EQ(port.at("type"), "whole number from 1 to 65535");
  EXPECT_EQ(explained("gateway", "{}").keys, (std::vector<std::string>{"port", "auth"}));
}

}  // namespace
}  // namespace carapace::config

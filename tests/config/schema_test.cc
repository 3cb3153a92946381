#include "config/schema.h"

#include <gtest/gtest.h>

#include <array>

#include "base/json.h"
#include "config/json5.h"
#include "config/text/near_name.h"

namespace carapace::config {
namespace {

using enum FieldType;

constexpr std::array kRows{
    FieldRow{"gateway.port", integer, "18789", "Port.", "", 1, 65535, false, Reload::restart},
    FieldRow{"gateway.bind", text, R"("loopback")", "Bind.", "loopback|lan", 0, 0, false,
             Reload::restart},
    FieldRow{"gateway.auth.token", text, "", "Token.", "", 0, 0, true, Reload::restart},
    FieldRow{"gateway.auth.mode", text, "", "Mode.", "token|password", 0, 0, true, Reload::restart},
    FieldRow{"gateway.origins", text_list, "[]", "Origins.", "", 0, 0, false, Reload::hot},
    FieldRow{"gateway.on", boolean, "true", "On.", "", 0, 0, false, Reload::hot},
    FieldRow{"gateway.ratio", number, "0.5", "Ratio.", "", 0, 1, false, Reload::hot},
};
constexpr std::array kMoreRows{
    FieldRow{"models.providers.*.apiKey", text, "", "Key.", "", 0, 0, true, Reload::subsystem},
    FieldRow{"models.providers.*.headers", map, "", "Headers.", "", 0, 0, true, Reload::subsystem},
    FieldRow{"models.providers.*.models", object_list, "[]", "Models.", "", 0, 0, false,
             Reload::subsystem},
    FieldRow{"models.providers.*.models.*.maxTokens", integer, "8192", "Tokens.", "", 1, 1e6, false,
             Reload::subsystem},
};

class SchemaTest : public ::testing::Test {
 protected:
  std::vector<std::string> issues(std::string_view text) {
    std::vector<std::string> out;
    for (const auto& issue : schema_.validate(parse_json5(text).value()))
      out.push_back((issue.severity == Severity::error ? "E " : "W ") + to_text(issue));
    return out;
  }
  std::string only(std::string_view text) {
    const auto all = issues(text);
    return all.size() == 1 ? all.front() : fmt::format("{} issues", all.size());
  }
  std::string masked(std::string_view text) {
    return dump_json(redacted(parse_json5(text).value(), schema_));
  }

  Schema schema_{std::span<const FieldRow>(kRows), std::span<const FieldRow>(kMoreRows)};
};

TEST_F(SchemaTest, RightTreesHaveNoIssue) {
  EXPECT_TRUE(issues("{}").empty());
  EXPECT_TRUE(
      issues(
          R"({gateway: {port: 1, bind: 'lan', origins: ['a'], on: false, ratio: 1, auth: {token: 'x', mode: 'token'}},
                        models: {providers: {'any name': {apiKey: 'k', headers: {a: 1}, models: [{maxTokens: 5}]}}}})")
          .empty());
  EXPECT_TRUE(
      issues("{gateway: {port: null, auth: null}, meta: {x: 1}, wizard: 1, $schema: 'x'}").empty())
      << "null is not set";
  EXPECT_TRUE(issues("{gateway: {port: 8080.0}}").empty());
}

TEST_F(SchemaTest, TypesAndBounds) {
  EXPECT_EQ(only("{gateway: {port: 0}}"), "E gateway.port: must be between 1 and 65535, not 0.");
  EXPECT_EQ(only("{gateway: {port: 65536}}"),
            "E gateway.port: must be between 1 and 65535, not 65536.");
  EXPECT_EQ(only("{gateway: {port: '1'}}"), "E gateway.port: must be a whole number, not text.");
  EXPECT_EQ(only("{gateway: {port: 1.5}}"),
            "E gateway.port: must be a whole number, not a number.");
  EXPECT_EQ(only("{gateway: {port: 99999999999999999999}}"),
            "E gateway.port: must be a whole number, not a number.");
  EXPECT_EQ(only("{gateway: {ratio: NaN}}"), "E gateway.ratio: must be between 0 and 1, not nan.");
  EXPECT_EQ(only("{gateway: {ratio: Infinity}}"),
            "E gateway.ratio: must be between 0 and 1, not inf.");
  EXPECT_EQ(only("{gateway: {ratio: -0.25}}"),
            "E gateway.ratio: must be between 0 and 1, not -0.25.");
  EXPECT_EQ(only("{gateway: {on: 'yes'}}"), "E gateway.on: must be true or false, not text.");
  EXPECT_EQ(only("{gateway: {auth: {token: 12345}}}"),
            "E gateway.auth.token: must be text, not a number: put it in quotes.");
  EXPECT_EQ(only("{gateway: {origins: 'a'}}"),
            "E gateway.origins: must be a list of texts, not text.");
  EXPECT_EQ(only("{gateway: {origins: ['a', 1]}}"),
            "E gateway.origins[1]: must be text, not a number: put it in quotes.");
  EXPECT_EQ(only("{gateway: 5}"), "E gateway: must be an object, not a number.");
  EXPECT_EQ(only("{gateway: []}"), "E gateway: must be an object, not a list.");
  EXPECT_EQ(only("[]"), "E the configuration must be an object, not a list.");
  EXPECT_EQ(only("{models: {providers: {x: {models: [{maxTokens: 0}]}}}}"),
            "E models.providers.x.models[0].maxTokens: must be between 1 and 1000000, not 0.");
  EXPECT_EQ(only("{models: {providers: {x: 'y'}}}"),
            "E models.providers.x: must be an object, not text.");
}

TEST_F(SchemaTest, Choices) {
  EXPECT_EQ(only("{gateway: {bind: 'lann'}}"),
            R"(E gateway.bind: must be one of loopback, lan (did you mean "lan"?).)");
  EXPECT_EQ(only("{gateway: {bind: 'moon'}}"), "E gateway.bind: must be one of loopback, lan.");
  EXPECT_EQ(only("{gateway: {bind: ''}}"), "E gateway.bind: must be one of loopback, lan.");
  EXPECT_EQ(only("{gateway: {auth: {mode: 'my secret'}}}").find("my secret"), std::string::npos);
}

TEST_F(SchemaTest, UnknownKeysAreWarningsWithTheNearestName) {
  EXPECT_EQ(only("{gateway: {prot: 1}}"),
            "W gateway.prot: this version does not know the key; did you mean gateway.port?");
  EXPECT_EQ(only("{gatway: {port: 1}}"),
            "W gatway: this version does not know the key; did you mean gateway?");
  EXPECT_EQ(only("{gateway: {PORT: 1}}"),
            "W gateway.PORT: this version does not know the key; did you mean gateway.port?");
  EXPECT_EQ(only("{channels: {x: {y: 1}}}"),
            "W channels: this version does not know the key and ignores it.");
  EXPECT_EQ(only("{models: {providers: {x: {apikey: 'k'}}}}"),
            "W models.providers.x.apikey: this version does not know the key; did you mean "
            "models.providers.x.apiKey?");
  EXPECT_EQ(only("{gateway: {'*': 1}}"),
            "W gateway.*: this version does not know the key and ignores it.");
  EXPECT_EQ(issues("{a: 1, b: {c: 2}}").size(), 2U);
}

TEST_F(SchemaTest, RowsByPath) {
  ASSERT_NE(schema_.row({"gateway", "port"}), nullptr);
  EXPECT_EQ(schema_.row({"models", "providers", "x", "models", "3", "maxTokens"})->fallback,
            "8192");
  EXPECT_EQ(schema_.row({"gateway"}), nullptr);
  EXPECT_EQ(schema_.row({"gateway", "nope"}), nullptr);
  EXPECT_TRUE(schema_.known({"gateway"}));
  EXPECT_TRUE(schema_.known({"models", "providers", "x", "headers", "anything"}));
  EXPECT_FALSE(schema_.known({"gateway", "nope"}));
  EXPECT_EQ(schema_.fallback({"gateway", "port"}), 18789);
  EXPECT_TRUE(schema_.fallback({"gateway", "auth", "token"}).is_null());
  EXPECT_EQ(schema_.suggestion({"gatewy", "prot"}), "gateway.port");
  EXPECT_EQ(schema_.suggestion({"gateway", "port"}), std::nullopt);
  EXPECT_EQ(schema_.suggestion({"xyzzy"}), std::nullopt);
  EXPECT_EQ(schema_.suggestion({"models", "providers", "x", "apikey"}),
            "models.providers.x.apiKey");
  EXPECT_EQ(std::ranges::distance(schema_.rows()), kRows.size() + kMoreRows.size());
}

TEST_F(SchemaTest, RedactionByRowAndByName) {
  EXPECT_EQ(masked("{gateway: {auth: {token: 'hunter2'}, port: 1}}"),
            R"({"gateway":{"auth":{"token":"***"},"port":1}})");
  EXPECT_EQ(masked("{gateway: {auth: {token: '${MY_TOKEN}'}}}"),
            R"({"gateway":{"auth":{"token":"${MY_TOKEN}"}}})");
  EXPECT_EQ(masked("{gateway: {auth: {token: ''}}}"), R"({"gateway":{"auth":{"token":""}}})");
  EXPECT_EQ(
      masked("{models: {providers: {x: {headers: {'X-Any': 'v', n: 5, l: ['w']}, models: "
             "[{maxTokens: 9}]}}}}"),
      R"({"models":{"providers":{"x":{"headers":{"X-Any":"***","n":null,"l":["***"]},"models":[{"maxTokens":9}]}}}})");
  EXPECT_EQ(
      masked("{channels: {y: {botToken: 'hunter2', maxTokens: 5}}, credentials: {a: {b: 'c'}}}"),
      R"({"channels":{"y":{"botToken":"***","maxTokens":5}},"credentials":{"a":{"b":"***"}}})");
  EXPECT_EQ(masked("{proxy: 'http://u:hunter2@h/'}"), R"({"proxy":"http://u:***@h/"})");
  EXPECT_EQ(masked("{list: [{apiKey: 'x'}]}"), R"({"list":[{"apiKey":"***"}]})");
}

TEST(NearName, FindsWhatWasMeant) {
  EXPECT_EQ(nearest("prot", {"port", "bind"}), "port");
  EXPECT_EQ(nearest("alowedOrigins", {"allowedOrigins", "enabled"}), "allowedOrigins");
  EXPECT_EQ(nearest("x", {"y"}), std::nullopt);
  EXPECT_EQ(nearest("completely", {"different"}), std::nullopt);
  EXPECT_EQ(nearest("", {"a"}), std::nullopt);
  EXPECT_EQ(nearest(std::string(100'000, 'a'), {"aaaa"}), std::nullopt);
  EXPECT_EQ(nearest("a", {}), std::nullopt);
}

}  // namespace
}  // namespace carapace::config

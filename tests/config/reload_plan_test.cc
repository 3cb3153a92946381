#include "config/reload_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "base/json.h"
#include "config/json5.h"

namespace carapace::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using enum FieldType;

constexpr auto kHot = Reload::hot;
constexpr auto kPart = Reload::subsystem;
constexpr auto kRestart = Reload::restart;

constexpr FieldRow row(std::string_view path, FieldType type, Reload reload,
                       std::string_view part = {}, std::string_view fallback = {}) {
  return {path, type, fallback, "A row.", "", 0, 0, false, reload, part};
}

constexpr std::array kRows{
    row("gateway.port", integer, kRestart, "", "18789"),
    row("gateway.auth.token", text, kRestart),
    row("gateway.remote", object, Reload::none),
    row("logging.level", text, kHot, "", R"("info")"),
    row("logging.levels", map, kHot),
    row("models.providers.*.apiKey", text, kPart, "models"),
    row("models.providers.*.models", object_list, kPart, "models"),
    row("models.providers.*.models.*.id", text, kPart, "models"),
    row("channels.*.botToken", text, kPart, "*"),
    row("hooks.gmail.account", text, kPart, "gmail|hooks"),
    row("hooks.path", text, kPart, "hooks"),
    row("plugins.allow", text_list, kRestart),
};

class ReloadPlanTest : public ::testing::Test {
 protected:
  ReloadPlan plan(std::string_view before, std::string_view after) {
    return plan_reload(parse_json5(before).value(), parse_json5(after).value(), schema_);
  }
  Schema schema_{kRows};
};

TEST_F(ReloadPlanTest, EqualTreesHaveNoPlan) {
  EXPECT_TRUE(
      plan("{a: [1, {b: 2}], gateway: {port: 1}}", "{gateway: {port: 1}, a: [1, {b: 2}]}").empty());
  EXPECT_EQ(to_text(plan("{}", "{}")), "Nothing differs.");
}

TEST_F(ReloadPlanTest, EachKeyHasTheClassOfItsRow) {
  const auto made = plan("{gateway: {port: 1, remote: {url: 'a'}}, logging: {level: 'info'}}",
                         "{gateway: {port: 2, remote: {url: 'b'}}, logging: {level: 'debug'}}");
  EXPECT_THAT(made.paths(Reload::restart), ElementsAre("gateway.port"));
  EXPECT_THAT(made.paths(Reload::none), ElementsAre("gateway.remote.url"));
  EXPECT_THAT(made.paths(Reload::hot), ElementsAre("logging.level"));
  EXPECT_TRUE(made.needs_restart());
}

TEST_F(ReloadPlanTest, AListThatDiffersIsOneChange) {
  EXPECT_THAT(plan("{plugins: {allow: ['a']}}", "{plugins: {allow: ['b', 'c']}}").paths(),
              ElementsAre("plugins.allow"));
  EXPECT_THAT(plan("{models: {providers: {x: {models: [{id: 'a'}]}}}}",
                   "{models: {providers: {x: {models: [{id: 'a'}, {id: 'b'}]}}}}")
                  .paths(),
              ElementsAre("models.providers.x.models"));
}

TEST_F(ReloadPlanTest, ASectionThatComesOrGoesIsNamedByItsKeys) {
  const auto came = plan("{}", "{logging: {level: 'debug', levels: {net: 'debug'}}}");
  EXPECT_THAT(came.paths(Reload::hot), ElementsAre("logging.level", "logging.levels.net"));
  const auto went = plan("{gateway: {auth: {token: 't'}}}", "{}");
  EXPECT_THAT(went.paths(Reload::restart), ElementsAre("gateway.auth.token"));
  EXPECT_THAT(plan("{logging: 1}", "{logging: {level: 'debug'}}").paths(), ElementsAre("logging"));
}

TEST_F(ReloadPlanTest, NullCountsAsNotSetAndAnEmptySectionAsNothing) {
  EXPECT_TRUE(plan("{logging: {level: null}}", "{}").empty());
  EXPECT_TRUE(plan("{}", "{logging: {}, gateway: {auth: {}}}").empty());
  // But a name in a map is an entry of its own.
  EXPECT_THAT(plan("{}", "{models: {providers: {x: {}}}}").parts(), ElementsAre("models"));
}

TEST_F(ReloadPlanTest, NobodyRestartsForADefaultThatIsWrittenDown) {
  EXPECT_TRUE(plan("{}", "{gateway: {port: 18789}}").empty());
  EXPECT_TRUE(plan("{gateway: {port: 18789}}", "{}").empty());
  EXPECT_TRUE(plan("{}", "{gateway: {port: 18790}}").needs_restart());
}

TEST_F(ReloadPlanTest, PartsAreNamedByTheRowAndByWhatItsStarMet) {
  const auto made =
      plan("{channels: {telegram: {botToken: 'a'}}}",
           "{channels: {telegram: {botToken: 'b'}, discord: {botToken: 'c'}}, hooks: {gmail: "
           "{account: 'me'}}}");
  EXPECT_THAT(made.parts(), ElementsAre("discord", "gmail", "hooks", "telegram"));
  EXPECT_FALSE(made.needs_restart());
}

TEST_F(ReloadPlanTest, WhatNoRowKnowsTakesTheStrongestOfItsSection) {
  EXPECT_EQ(plan("{}", "{unknownField: 1}").changes,
            (std::vector<Change>{{"unknownField", Reload::restart, {}, false}}));
  EXPECT_EQ(plan("{}", "{models: {x: 1}}").changes,
            (std::vector<Change>{{"models.x", Reload::subsystem, {"models"}, false}}));
  EXPECT_TRUE(plan("{}", "{plugins: {x: 1}}").needs_restart());
  EXPECT_EQ(plan("{}", "{logging: {x: 1}}").changes,
            (std::vector<Change>{{"logging.x", Reload::hot, {}, false}}));
}

TEST_F(ReloadPlanTest, TheModeDecidesWhatIsDone) {
  const auto hot = plan("{}", "{logging: {level: 'debug'}}");
  const auto both = plan("{}", "{logging: {level: 'debug'}, plugins: {x: 1}}");
  const auto restart = plan("{}", "{plugins: {x: 1}}");
  const auto none = plan("{}", "{gateway: {remote: {url: 'x'}}}");
  constexpr auto apply = ReloadStep::apply;
  constexpr auto nothing = ReloadStep::nothing;
  EXPECT_EQ(hot.step(ReloadMode::hybrid), apply);
  EXPECT_EQ(both.step(ReloadMode::hybrid), ReloadStep::restart);
  EXPECT_EQ(both.step(ReloadMode::hot), apply);
  EXPECT_EQ(restart.step(ReloadMode::hot), nothing);
  EXPECT_EQ(hot.step(ReloadMode::restart), ReloadStep::restart);
  EXPECT_EQ(hot.step(ReloadMode::off), nothing);
  for (const auto mode :
       {ReloadMode::off, ReloadMode::hot, ReloadMode::hybrid, ReloadMode::restart})
    EXPECT_EQ(none.step(mode), nothing) << to_text(mode);
}

TEST_F(ReloadPlanTest, TheTextAndTheJsonHoldNoValues) {
  const auto made = plan("{gateway: {auth: {token: 'old-secret'}}}",
                         "{gateway: {auth: {token: 'new-secret'}}, logging: {level: 'debug'}, "
                         "models: {providers: {x: {apiKey: 'sk-secret'}}}}");
  const auto text = to_text(made);
  EXPECT_THAT(text, HasSubstr("These apply now: logging.level."));
  EXPECT_THAT(text, HasSubstr("The part \"models\" starts anew for: models.providers.x.apiKey."));
  EXPECT_THAT(text, HasSubstr("These need a restart of the gateway: gateway.auth.token."));
  EXPECT_THAT(text + dump_json(to_json(made)), ::testing::Not(HasSubstr("secret")));
  EXPECT_EQ(dump_json(to_json(made)),
            R"({"now":["logging.level"],"parts":[{"name":"models","keys":)"
            R"(["models.providers.x.apiKey"]}],"restart":["gateway.auth.token"],"nothing":[],)"
            R"("needsRestart":true})");
}

TEST_F(ReloadPlanTest, DeepAndWideTreesAreCompared) {
  json::value deep = 1;
  for (int i = 0; i < 500; ++i) deep = json::object{{"k", std::move(deep)}};
  const auto made = plan_reload(json::object{}, json::object{{"deep", deep}}, schema_);
  EXPECT_EQ(made.changes.size(), 1U);
  json::object wide;
  for (int i = 0; i < 5'000; ++i) wide.emplace("name" + std::to_string(i), "info");
  const auto levels = json::object{{"logging", json::object{{"levels", std::move(wide)}}}};
  EXPECT_EQ(plan_reload(json::object{}, levels, schema_).paths(Reload::hot).size(), 5'000U);
}

TEST(ReloadModeTest, UnknownTextIsHybrid) {
  for (const auto mode :
       {ReloadMode::off, ReloadMode::hot, ReloadMode::hybrid, ReloadMode::restart})
    EXPECT_EQ(reload_mode_from(to_text(mode)), mode);
  EXPECT_EQ(reload_mode_from("other"), ReloadMode::hybrid);
}

}  // namespace
}  // namespace carapace::config

// What the rows of the whole house say about reloading, held against the ancestor's table and
// against the code that takes a change over.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "app/start/appliers.h"
#include "app/start/fields.h"
#include "base/json.h"
#include "base/text.h"
#include "config/json5.h"
#include "config/reload_plan.h"

namespace carapace::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

config::ReloadPlan plan(std::string_view before, std::string_view after) {
  return config::plan_reload(config::parse_json5(before).value(),
                             config::parse_json5(after).value(), schema());
}

TEST(ReloadRowsTest, NoRowClaimsToApplyNowWithoutAnybodyWhoAppliesIt) {
  std::size_t judged = 0;
  for (const auto& row : schema().rows()) {
    if (row.planned || (row.reload != Reload::hot && row.reload != Reload::subsystem)) continue;
    ++judged;
    const bool covered = std::ranges::any_of(
        appliers(), [&row](const Applier& applier) { return covers(applier, row.path); });
    EXPECT_TRUE(covered) << row.path << " says that it applies to a running gateway";
    if (row.reload == Reload::subsystem) EXPECT_FALSE(row.part.empty()) << row.path;
  }
  EXPECT_GT(judged, 30U);
}

TEST(ReloadRowsTest, EveryApplierHasRowsAndNoPartIsNamedThatNobodyStarts) {
  for (const auto& applier : appliers())
    for (const auto key : applier.keys)
      EXPECT_TRUE(std::ranges::any_of(
          schema().rows(), [&](const FieldRow& row) { return covers(applier, row.path); }))
          << applier.name << " covers nothing by " << key;
  for (const auto& row : schema().rows()) {
    if (row.planned || row.reload != Reload::subsystem) continue;
    for (const auto part : split(row.part, '|'))
      EXPECT_TRUE(std::ranges::any_of(appliers(),
                                      [&](const Applier& applier) {
                                        return applier.name == part && covers(applier, row.path);
                                      }))
          << row.path << " names the part " << part;
  }
}

TEST(ReloadRowsTest, TheAncestorsTable) {
  const auto port = plan("{}", "{gateway: {port: 19001}}");
  EXPECT_THAT(port.paths(Reload::restart), ElementsAre("gateway.port"));
  const auto gmail = plan("{}", "{hooks: {gmail: {account: 'me'}}}");
  EXPECT_FALSE(gmail.needs_restart());
  const auto channels =
      plan("{}", "{channels: {telegram: {botToken: 'a'}, discord: {token: 'b'}}}");
  EXPECT_FALSE(channels.needs_restart());
  EXPECT_THAT(channels.parts(), ElementsAre("discord", "telegram"));
  EXPECT_FALSE(plan("{}", "{web: {enabled: true}}").needs_restart());
  const auto remote = plan("{}", "{gateway: {remote: {url: 'ws://elsewhere'}}}");
  EXPECT_EQ(remote.step(config::ReloadMode::hybrid), config::ReloadStep::nothing);
  EXPECT_TRUE(plan("{}", "{unknownField: 1}").needs_restart());
  for (const auto* text :
       {"{logging: {level: 'debug'}}", "{agents: {list: [{id: 'a'}]}}", "{models: {x: 1}}",
        "{ui: {seamColor: '#123456'}}", "{session: {scope: 'global'}}", "{tools: {allow: ['x']}}",
        "{messages: {responsePrefix: 'x'}}", "{talk: {voiceId: 'x'}}", "{identity: {name: 'x'}}",
        "{bindings: [{agentId: 'a'}]}", "{skills: {entries: {x: {enabled: false}}}}"})
    EXPECT_FALSE(plan("{}", text).needs_restart()) << text;
  for (const auto* text : {"{plugins: {x: 1}}", "{gateway: {auth: {token: 'x'}}}",
                           "{discovery: {x: 1}}", "{canvasHost: {port: 1}}"})
    EXPECT_TRUE(plan("{}", text).needs_restart()) << text;
  const auto both = plan("{}", "{cron: {enabled: true}, plugins: {x: 1}}");
  EXPECT_EQ(both.step(config::ReloadMode::hybrid), config::ReloadStep::restart);
  EXPECT_EQ(both.step(config::ReloadMode::hot), config::ReloadStep::apply);
}

TEST(ReloadRowsTest, AVariableThatSpeaksForAKeyMeansWhatTheKeyMeans) {
  const auto made = plan("{}",
                         "{env: {CARAPACE_GATEWAY_PORT: '1', OTHER: '2', "
                         "vars: {OPENCLAW_GATEWAY_TOKEN: '3', MORE: '4'}}}");
  EXPECT_THAT(made.paths(Reload::restart),
              ElementsAre("env.CARAPACE_GATEWAY_PORT", "env.vars.OPENCLAW_GATEWAY_TOKEN"));
  EXPECT_THAT(made.paths(Reload::hot), ElementsAre("env.OTHER", "env.vars.MORE"));
}

TEST(ReloadRowsTest, TheSettingsOfReloadingHaveTheAncestorsDefaults) {
  EXPECT_EQ(schema().fallback({"gateway", "reload", "mode"}), "hybrid");
  EXPECT_EQ(schema().fallback({"gateway", "reload", "debounceMs"}), 300);
}

// What the writer stamps into the file is no wish of anybody.
TEST(ReloadRowsTest, BookkeepingChangesNothing) {
  const auto made =
      plan("{meta: {lastTouchedAt: 'a'}}", "{meta: {lastTouchedAt: 'b'}, wizard: {x: 1}}");
  EXPECT_EQ(made.step(config::ReloadMode::restart), config::ReloadStep::nothing);
}

}  // namespace
}  // namespace carapace::app

#include "store/sessions.h"

#include "store_fixture.h"

namespace carapace::store {
namespace {

using SessionsTest = StoreTest;
using Texts = std::vector<std::string>;

const PrincipalId kAnn{"ann"};
const PrincipalId kBob{"bob"};

std::vector<std::string> keys_of(const std::vector<SessionRow>& rows) {
  std::vector<std::string> keys;
  for (const auto& row : rows) keys.push_back(row.key.value);
  return keys;
}

TEST_F(SessionsTest, PatchCreatesLeavesAndClears) {
  const auto made = must(
      sessions().patch(kMain, kOwner, {.label = "work", .thinking_level = "high"}, fresh_id(), 10));
  EXPECT_EQ(made.label, "work");
  EXPECT_EQ(made.created_ms, 10);
  const auto next = must(sessions().patch(kMain, kOwner,
                                          {.model_override = "a/b",
                                           .thinking_level = "",
                                           .verbose_level = "on",
                                           .reasoning_level = "stream",
                                           .send_policy = "deny",
                                           .response_usage = "full"},
                                          fresh_id(), 20));
  EXPECT_EQ(next.id, made.id);
  EXPECT_EQ(next.label, "work");
  EXPECT_EQ(next.thinking_level, "");
  const auto found = must(sessions().find(kMain, kOwner));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->model_override, "a/b");
  EXPECT_EQ(found->verbose_level, "on");
  EXPECT_EQ(found->reasoning_level, "stream");
  EXPECT_EQ(found->send_policy, "deny");
  EXPECT_EQ(found->response_usage, "full");
  EXPECT_EQ(found->updated_ms, 20);
}

TEST_F(SessionsTest, ALabelBelongsToOneSessionOfAnAgent) {
  must(sessions().patch(kMain, kOwner, {.label = "work"}, fresh_id(), 1));
  const SessionKey other("agent:main:other");
  const auto error = error_of(sessions().patch(other, kOwner, {.label = "work"}, fresh_id(), 1));
  EXPECT_EQ(error.code, Errc::conflict);
  EXPECT_EQ(error.detail, "label already in use: work");
  EXPECT_FALSE(must(sessions().find(other, kOwner)));  // the creation was undone too
  must(
      sessions().patch(kMain, kOwner, {.label = "work"}, fresh_id(), 2));  // its own is no conflict
  must(sessions().patch(SessionKey("agent:second:main"), kOwner, {.label = "work"}, fresh_id(), 3));
  must(sessions().patch(kMain, kOwner, {.label = ""}, fresh_id(), 4));
  must(sessions().patch(other, kOwner, {.label = "work"}, fresh_id(), 5));
}

TEST_F(SessionsTest, TwoPeopleNeverSeeEachOther) {
  const SessionKey ann("agent:main:ann"), bob("agent:main:bob");
  accept(inbound("r1", "secret of ann", kAnn), ann);
  accept(inbound("r2", "secret of bob", kBob), bob);
  EXPECT_EQ(keys_of(must(sessions().list({.principal = kAnn}))), Texts{"agent:main:ann"});
  EXPECT_EQ(keys_of(must(sessions().list({.principal = kBob}))), Texts{"agent:main:bob"});
  EXPECT_TRUE(must(sessions().list({.principal = kBob, .search = "ann"})).empty());
  EXPECT_EQ(must(sessions().list({})).size(), 2U);  // the gateway itself
  EXPECT_FALSE(must(sessions().find(ann, kBob)));
  EXPECT_TRUE(must(sessions().find(ann, PrincipalId())));
  EXPECT_EQ(error_of(sessions().patch(ann, kBob, {.label = "x"}, fresh_id(), 1)).code,
            Errc::not_found);
  EXPECT_EQ(error_of(sessions().reset(ann, kBob, fresh_id(), 1, "x")).code, Errc::not_found);
  finish(RunId("r1"), "ok");
  EXPECT_FALSE(must(sessions().remove(ann, kBob, true, 1)));
  EXPECT_EQ(must(sessions().find(ann, kAnn))->title, "secret of ann");
}

TEST_F(SessionsTest, ListIsNewestFirstAndFilters) {
  accept(inbound("r1", "apples"), SessionKey("agent:main:a"), true, 100);
  accept(inbound("r2", "pears"), SessionKey("agent:main:b"), true, 300);
  accept(inbound("r3", "plums"), SessionKey("agent:second:c"), true, 200);
  accept(inbound("r4", "x"), SessionKey("global"), true, 400);
  accept(inbound("r5", "y"), SessionKey("unknown"), true, 500);
  must(sessions().patch(SessionKey("agent:main:a"), kOwner, {.label = "Fruit"}, fresh_id(), 100));

  EXPECT_EQ(keys_of(must(sessions().list({}))),
            (Texts{"agent:main:b", "agent:second:c", "agent:main:a"}));
  EXPECT_EQ(keys_of(must(sessions().list({.principal = kOwner, .limit = 2}))),
            (Texts{"agent:main:b", "agent:second:c"}));
  EXPECT_EQ(keys_of(must(sessions().list({.agent = AgentId("second")}))), Texts{"agent:second:c"});
  EXPECT_EQ(keys_of(must(sessions().list(
                {.agent = AgentId("main"), .include_global = true, .include_unknown = true}))),
            (Texts{"agent:main:b", "agent:main:a"}));
  EXPECT_EQ(keys_of(must(sessions().list(
                {.updated_since_ms = 300, .include_global = true, .include_unknown = true}))),
            (Texts{"unknown", "global", "agent:main:b"}));
  EXPECT_EQ(keys_of(must(sessions().list({.label = "Fruit"}))), Texts{"agent:main:a"});
  EXPECT_TRUE(must(sessions().list({.label = "fruit"})).empty());
  EXPECT_EQ(keys_of(must(sessions().list({.search = "fRUI"}))), Texts{"agent:main:a"});
  EXPECT_EQ(keys_of(must(sessions().list({.search = "PLUM"}))), Texts{"agent:second:c"});
  EXPECT_EQ(keys_of(must(sessions().list({.search = "second:"}))), Texts{"agent:second:c"});
  const auto id = must(sessions().find(SessionKey("agent:main:b"), kOwner))->id.value;
  EXPECT_EQ(keys_of(must(sessions().list({.search = id.substr(0, 13)}))), Texts{"agent:main:b"});
  EXPECT_EQ(must(sessions().count()), 5);
}

TEST_F(SessionsTest, SearchTakesEveryCharacterLiterally) {
  must(sessions().patch(SessionKey("agent:main:a"), kOwner, {.label = R"(100%_a\b'c")"}, fresh_id(),
                        1));
  must(sessions().patch(SessionKey("agent:main:b"), kOwner, {.label = "1000xaxb"}, fresh_id(), 1));
  for (const auto* search : {"%_", "100%", R"(a\b)", R"('c")"})
    EXPECT_EQ(keys_of(must(sessions().list({.search = search}))), Texts{"agent:main:a"}) << search;
  EXPECT_TRUE(must(sessions().list({.search = "1%b"})).empty());
  EXPECT_TRUE(must(sessions().list({.search = std::string(200'000, '%')})).empty());
}

TEST_F(SessionsTest, ResetKeepsSettingsAndTheOldTranscript) {
  const auto first = accept(inbound("r1", "hello"));
  must(sessions().patch(kMain, kOwner, {.label = "work", .model_override = "a/b"}, fresh_id(),
                        1'500));
  must(runs().finish(
      {.run = RunId("r1"),
       .messages = {says(Role::assistant, "yes")},
       .answered =
           Origin{.api = {}, .provider = "p", .model = "m", .usage = {1, 2, 3, 4}, .error = {}},
       .context_tokens = 9,
       .ended_ms = 2'000}));
  const auto fresh = fresh_id();
  const auto reset = must(sessions().reset(kMain, kOwner, fresh, 3'000, "/new"));
  EXPECT_EQ(reset.id, fresh);
  EXPECT_EQ(reset.label, "work");
  EXPECT_EQ(reset.model_override, "a/b");
  EXPECT_EQ(reset.last_usage, Usage{});
  EXPECT_EQ(reset.last_provider, "");
  EXPECT_EQ(reset.last_model, "m");
  EXPECT_EQ(reset.context_tokens, 9);
  EXPECT_EQ(reset.title, "");
  EXPECT_EQ(must(sessions().find(kMain, kOwner))->id, fresh);
  EXPECT_TRUE(transcript(fresh).empty());
  EXPECT_EQ(transcript(first.session.id), (Texts{"hello", "yes"}));
  EXPECT_EQ(number("SELECT count(*) FROM past_sessions WHERE reason = '/new' AND ended_ms = 3000 "
                   "AND id = '" +
                   first.session.id.value + "'"),
            1);
}

TEST_F(SessionsTest, ResetForgetsWhatProgramsMayDo) {
  must(sessions().patch(kMain, kOwner,
                        {.send_policy = "deny",
                         .elevated_level = "full",
                         .exec_host = "node",
                         .exec_security = "full",
                         .exec_ask = "off",
                         .exec_node = "n",
                         .group_activation = "always"},
                        fresh_id(), 1));
  EXPECT_EQ(must(sessions().find(kMain, kOwner))->exec_security, "full");
  must(sessions().reset(kMain, kOwner, fresh_id(), 2, "/new"));
  const auto found = *must(sessions().find(kMain, kOwner));
  for (const auto* text : {&found.elevated_level, &found.exec_host, &found.exec_security,
                           &found.exec_ask, &found.exec_node, &found.group_activation})
    EXPECT_EQ(*text, "");
  EXPECT_EQ(found.send_policy, "deny");
}

// A run without an answer tells which model was asked, but only where nobody answered yet.
TEST_F(SessionsTest, AFailedRunNamesTheModelThatWasAsked) {
  const auto fail_with = [&](const std::string& run, const std::string& model) {
    accept(inbound(run, "hello"));
    must(runs().finish({.run = RunId(run),
                        .state = RunState::failed,
                        .messages = {says(Role::assistant, "no")},
                        .answered = Origin{"", "p", model, {1, 2, 3, 4}, 0, StopReason::error, ""},
                        .context_tokens = 9,
                        .ended_ms = 2}));
    return *must(sessions().find(kMain, kOwner));
  };
  const auto first = fail_with("r1", "m1");
  EXPECT_EQ(first.last_provider, "p");
  EXPECT_EQ(first.last_model, "m1");
  EXPECT_EQ(first.context_tokens, 9);
  EXPECT_EQ(first.last_usage, Usage{});
  EXPECT_EQ(fail_with("r2", "m2").last_model, "m1");
}

TEST_F(SessionsTest, TheSenderOfTheLastMessageIsKept) {
  auto first = inbound("r1", "hello");
  first.sender = "Ann";
  accept(first);
  EXPECT_EQ(must(sessions().find(kMain, kOwner))->sender, "Ann");
}

TEST_F(SessionsTest, ResetOfWhatIsNotThereMakesIt) {
  const auto fresh = fresh_id();
  EXPECT_EQ(must(sessions().reset(kMain, kOwner, fresh, 1, "/new")).id, fresh);
  EXPECT_EQ(number("SELECT count(*) FROM past_sessions"), 0);
}

TEST_F(SessionsTest, RemoveKeepsTheTranscriptUnlessErased) {
  const auto kept = accept(inbound("r1", "kept"));
  finish(RunId("r1"), "a");
  EXPECT_TRUE(must(sessions().remove(kMain, kOwner, false, 5'000)));
  EXPECT_FALSE(must(sessions().find(kMain, kOwner)));
  EXPECT_EQ(transcript(kept.session.id), (Texts{"kept", "a"}));
  EXPECT_EQ(number("SELECT count(*) FROM past_sessions WHERE reason = 'removed'"), 1);

  const auto gone = accept(inbound("r2", "erased"));
  must(runs().append(RunId("r2"), {},
                     {JournalRow{.run = RunId("r2"), .kind = "request", .body = "{}"}}));
  finish(RunId("r2"), "b");
  EXPECT_NE(gone.session.id, kept.session.id);
  EXPECT_TRUE(must(sessions().remove(kMain, kOwner, true, 6'000)));
  EXPECT_TRUE(transcript(gone.session.id).empty());
  EXPECT_FALSE(must(runs().find(RunId("r2"))));
  EXPECT_TRUE(must(runs().journal(RunId("r2"))).empty());
  EXPECT_EQ(number("SELECT count(*) FROM inbox WHERE run_id = 'r2'"), 0);
  EXPECT_EQ(transcript(kept.session.id), (Texts{"kept", "a"}));
  EXPECT_FALSE(must(sessions().remove(kMain, kOwner, true, 7'000)));
}

TEST_F(SessionsTest, ASessionThatOwesAnAnswerIsNotRemoved) {
  accept(inbound("r1", "hello"), kMain, false);
  EXPECT_EQ(error_of(sessions().remove(kMain, kOwner, true, 5)).code, Errc::conflict);
  finish(RunId("r1"), "x");
  EXPECT_TRUE(must(sessions().remove(kMain, kOwner, false, 5)));
}

TEST_F(SessionsTest, ARepeatAfterRemovalIsStillARepeat) {
  accept(inbound("r1", "hello"));
  finish(RunId("r1"), "x");
  must(sessions().remove(kMain, kOwner, false, 5));
  const auto again = accept(inbound("r1", "hello"));
  EXPECT_FALSE(again.fresh);
  EXPECT_EQ(again.session.key, kMain);
  EXPECT_FALSE(must(sessions().find(kMain, kOwner)));
}

}  // namespace
}  // namespace carapace::store

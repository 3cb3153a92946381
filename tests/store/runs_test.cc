#include "store/runs.h"

#include "store_fixture.h"

namespace carapace::store {
namespace {

using RunsTest = StoreTest;
using Texts = std::vector<std::string>;

const PrincipalId kAnn{"ann"};
const PrincipalId kBob{"bob"};

TEST_F(RunsTest, AMessageTravelsTheWholeRoad) {
  auto message = inbound("r1", "  what   is\nthis? ");
  message.images = {{"image/png", "QUJD"}};
  message.label = {Integrity::paired, Confidentiality::secret};
  message.extra_system = "be brief";
  message.thinking = "high";
  message.timeout_ms = 17;
  message.model = "a/b";
  message.peer = "tab";
  const auto accepted = accept(message, kMain, false, 1'000);
  EXPECT_TRUE(accepted.fresh);
  EXPECT_EQ(accepted.run.state, RunState::accepted);
  EXPECT_EQ(accepted.session.title, "what is this?");
  EXPECT_EQ(accepted.session.channel, "webchat");
  EXPECT_EQ(accepted.session.agent.value, "main");
  EXPECT_TRUE(transcript(accepted.session.id).empty());

  const auto begun = must(runs().begin(RunId("r1"), 1'100));
  EXPECT_EQ(begun.state, RunState::running);
  EXPECT_EQ(begun.started_ms, 1'100);
  EXPECT_EQ(begun.inbound.extra_system, "be brief");
  EXPECT_EQ(begun.inbound.thinking, "high");
  EXPECT_EQ(begun.inbound.timeout_ms, 17);
  EXPECT_EQ(begun.inbound.model, "a/b");
  EXPECT_EQ(begun.inbound.peer, "tab");
  EXPECT_EQ(begun.inbound.images, message.images);
  EXPECT_EQ(begun.inbound.label, message.label);

  Message call = says(Role::assistant, "let me look");
  call.blocks.emplace_back(ToolCall{ToolCallId("c1"), "docs_search", R"({"q":1})"});
  must(runs().append(RunId("r1"), {call},
                     {{.run = {}, .kind = "tool_intent", .body = "{}", .at_ms = 3}}));
  must(runs().append(
      RunId("r1"), {},
      {JournalRow{
          .run = RunId("r1"), .kind = "tool_result", .body = R"({"ok":true})", .at_ms = 4}}));

  Finish end;
  end.run = RunId("r1");
  end.messages = {says(Role::assistant, "done")};
  end.answered = Origin{"wire", "acme", "m1", {10, 20, 30, 40}, 5, StopReason::stop, ""};
  end.context_tokens = 777;
  end.ended_ms = 2'000;
  end.stop_reason = "stop";
  end.journal = {{.run = {}, .kind = "finish", .body = "{}", .at_ms = 5}};
  must(runs().finish(end));

  const auto stored = must(transcripts().tail(accepted.session.id, 0));
  ASSERT_EQ(stored.size(), 3U);
  EXPECT_EQ(texts_of(stored), (Texts{"  what   is\nthis? ", "let me look", "done"}));
  EXPECT_EQ(stored[0].seq, 1);
  EXPECT_EQ(stored[2].seq, 3);
  EXPECT_EQ(stored[0].message.label, message.label);
  EXPECT_EQ(stored[0].message.at_ms, 1'000);
  EXPECT_EQ(std::get<ImageBlock>(stored[0].message.blocks[1]), message.images[0]);
  for (const auto& each : stored) {
    EXPECT_EQ(each.message.run.value, "r1");
    EXPECT_EQ(each.message.principal, kOwner);
  }
  const auto journal = must(runs().journal(RunId("r1")));
  ASSERT_EQ(journal.size(), 3U);
  EXPECT_EQ(journal[0].kind, "tool_intent");
  EXPECT_EQ(journal[1].step, 2);
  EXPECT_EQ(journal[1].body, R"({"ok":true})");
  EXPECT_EQ(journal[2].kind, "finish");

  const auto closed = must(runs().find(RunId("r1")));
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->state, RunState::done);
  EXPECT_EQ(closed->ended_ms, 2'000);
  EXPECT_EQ(closed->stop_reason, "stop");
  EXPECT_EQ(closed->inbound.text, message.text);
  EXPECT_TRUE(closed->inbound.images.empty());  // the transcript has them
  const auto session = must(sessions().find(kMain, kOwner));
  ASSERT_TRUE(session);
  EXPECT_EQ(session->last_provider, "acme");
  EXPECT_EQ(session->last_model, "m1");
  EXPECT_EQ(session->last_usage, (Usage{10, 20, 30, 40}));
  EXPECT_EQ(session->context_tokens, 777);
  EXPECT_EQ(session->updated_ms, 2'000);
  EXPECT_TRUE(must(runs().unfinished()).empty());
}

TEST_F(RunsTest, TheSameRunIdIsTheSameRun) {
  const auto first = accept(inbound("r1", "hello"));
  const auto again = accept(inbound("r1", "something else"));
  EXPECT_FALSE(again.fresh);
  EXPECT_EQ(again.run.inbound.text, "hello");
  EXPECT_EQ(again.run.state, RunState::running);
  EXPECT_EQ(again.session.id, first.session.id);
  EXPECT_EQ(transcript(first.session.id), Texts{"hello"});
}

TEST_F(RunsTest, TheSameDedupeIdIsTheSameMessage) {
  auto message = inbound("r1", "hello");
  message.dedupe_id = "42";
  const auto first = accept(message);
  message.run = RunId("r2");
  const auto again = accept(message);
  EXPECT_FALSE(again.fresh);
  EXPECT_EQ(again.run.id.value, "r1");
  EXPECT_FALSE(must(runs().find(RunId("r2"))));
  finish(RunId("r1"), "yes");
  EXPECT_FALSE(accept(message).fresh);  // also after the end
  message.account = "second";           // another account of the channel counts on its own
  EXPECT_TRUE(accept(message).fresh);
  message.run = RunId("r3");
  message.account = "default";
  message.channel = "other";
  EXPECT_TRUE(accept(message).fresh);
  EXPECT_EQ(transcript(first.session.id), (Texts{"hello", "yes", "hello", "hello"}));
}

TEST_F(RunsTest, MessagesWithoutDedupeIdAreAllDifferent) {
  accept(inbound("r1", "a"));
  EXPECT_TRUE(accept(inbound("r2", "a")).fresh);
}

TEST_F(RunsTest, SomebodyElsesKeyIsForbidden) {
  accept(inbound("r1", "mine", kAnn));
  EXPECT_EQ(error_of(runs().accept(inbound("r2", "theirs", kBob), kMain, fresh_id(), 1, true)).code,
            Errc::forbidden);
  EXPECT_FALSE(must(runs().find(RunId("r2"))));
  const auto other = error_of(runs().accept(inbound("r1", "peek", kBob),
                                            SessionKey("agent:main:bob"), fresh_id(), 1, true));
  EXPECT_EQ(other.code, Errc::forbidden);  // somebody else's run id tells nothing
  EXPECT_TRUE(accept(inbound("r3", "the gateway", PrincipalId())).fresh);
  EXPECT_EQ(must(runs().find(RunId("r3")))->principal, kAnn);
}

TEST_F(RunsTest, WhatIsMissingIsRefused) {
  EXPECT_EQ(error_of(runs().accept(inbound("", "x"), kMain, fresh_id(), 1, true)).code,
            Errc::invalid_request);
  EXPECT_EQ(error_of(runs().accept(inbound("r", "x"), SessionKey(), fresh_id(), 1, true)).code,
            Errc::invalid_request);
  EXPECT_EQ(error_of(runs().accept(inbound("r", "x"), kMain, SessionId(), 1, true)).code,
            Errc::invalid_request);
}

TEST_F(RunsTest, AClosedRunTakesNothingMore) {
  const auto accepted = accept(inbound("r1", "hello"));
  finish(RunId("r1"), "yes");
  Finish late;
  late.run = RunId("r1");
  late.messages = {says(Role::assistant, "yes")};
  EXPECT_EQ(error_of(runs().finish(late)).code, Errc::conflict);
  EXPECT_EQ(error_of(runs().append(RunId("r1"), {says(Role::assistant, "more")}, {})).code,
            Errc::conflict);
  EXPECT_EQ(error_of(runs().append(RunId("r1"), {},
                                   {JournalRow{.run = RunId("r1"), .kind = "x", .body = "{}"}}))
                .code,
            Errc::conflict);
  EXPECT_EQ(error_of(runs().begin(RunId("r1"), 3)).code, Errc::conflict);
  EXPECT_EQ(transcript(accepted.session.id), (Texts{"hello", "yes"}));
  EXPECT_TRUE(must(runs().journal(RunId("r1"))).empty());
}

TEST_F(RunsTest, AnUnknownRunIsNotFound) {
  EXPECT_EQ(error_of(runs().begin(RunId("no"), 1)).code, Errc::not_found);
  EXPECT_EQ(error_of(runs().append(RunId("no"), {}, {})).code, Errc::not_found);
  EXPECT_EQ(error_of(runs().append(RunId("no"), {},
                                   {JournalRow{.run = RunId("no"), .kind = "x", .body = "{}"}}))
                .code,
            Errc::not_found);
  EXPECT_EQ(error_of(runs().finish({.run = RunId("no")})).code, Errc::not_found);
}

TEST_F(RunsTest, ARunDoesNotFinishAsUnfinished) {
  accept(inbound("r1", "hello"));
  EXPECT_EQ(error_of(runs().finish({.run = RunId("r1"), .state = RunState::running})).code,
            Errc::invalid_request);
}

TEST_F(RunsTest, BeginTwiceMovesOnce) {
  const auto accepted = accept(inbound("r1", "hello"), kMain, false);
  must(runs().begin(RunId("r1"), 5));
  EXPECT_EQ(must(runs().begin(RunId("r1"), 9)).started_ms, 5);
  EXPECT_EQ(transcript(accepted.session.id), Texts{"hello"});
}

TEST_F(RunsTest, WhatHasNotBegunCannotBeAppendedTo) {
  accept(inbound("r1", "hello"), kMain, false);
  EXPECT_EQ(error_of(runs().append(RunId("r1"), {says(Role::assistant, "x")}, {})).code,
            Errc::conflict);
  EXPECT_EQ(error_of(runs().append(RunId("r1"), {},
                                   {JournalRow{.run = RunId("r1"), .kind = "x", .body = "{}"}}))
                .code,
            Errc::conflict);
}

TEST_F(RunsTest, AnEndBeforeTheBeginStillShowsTheMessage) {
  const auto accepted = accept(inbound("r1", "hello"), kMain, false);
  must(runs().finish({.run = RunId("r1"),
                      .state = RunState::interrupted,
                      .messages = {says(Role::assistant, "sorry")},
                      .error = "restart"}));
  EXPECT_EQ(transcript(accepted.session.id), (Texts{"hello", "sorry"}));
  EXPECT_EQ(must(runs().find(RunId("r1")))->error, "restart");
}

TEST_F(RunsTest, UnfinishedIsOldestFirstAndWhole) {
  accept(inbound("late", "3"), SessionKey("agent:main:c"), false, 30);
  accept(inbound("early", "1"), SessionKey("agent:main:a"), true, 10);
  accept(inbound("middle", "2"), SessionKey("agent:main:b"), false, 20);
  accept(inbound("closed", "4"), SessionKey("agent:main:d"), true, 5);
  finish(RunId("closed"), "x");
  const auto open = must(runs().unfinished());
  ASSERT_EQ(open.size(), 3U);
  EXPECT_EQ(open[0].id.value, "early");
  EXPECT_EQ(open[0].state, RunState::running);
  EXPECT_EQ(open[1].id.value, "middle");
  EXPECT_EQ(open[2].inbound.text, "3");
}

TEST_F(RunsTest, AMessageThatWaitsGoesToTheTranscriptAfterAReset) {
  const auto first = accept(inbound("r1", "old"));
  accept(inbound("r2", "waits"), kMain, false);
  const auto reset = must(sessions().reset(kMain, kOwner, fresh_id(), 3'000, "new"));
  EXPECT_EQ(must(runs().begin(RunId("r2"), 3'100)).session, reset.id);
  finish(RunId("r1"), "old answer", 3'200);  // started before: ends where it began
  EXPECT_EQ(transcript(first.session.id), (Texts{"old", "old answer"}));
  EXPECT_EQ(transcript(reset.id), Texts{"waits"});
  EXPECT_EQ(must(sessions().find(kMain, kOwner))->updated_ms,
            3'000);  // counters of the new one are untouched
}

TEST_F(RunsTest, AbortIsRememberedUntilTheNextEnd) {
  accept(inbound("r1", "a"));
  must(runs().finish({.run = RunId("r1"), .state = RunState::aborted, .stop_reason = "rpc"}));
  EXPECT_TRUE(must(sessions().find(kMain, kOwner))->aborted_last_run);
  accept(inbound("r2", "b"));
  finish(RunId("r2"), "c");
  EXPECT_FALSE(must(sessions().find(kMain, kOwner))->aborted_last_run);
}

TEST_F(RunsTest, TitlesAreCutAtSixtyCodePoints) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "ä";
  const auto title = accept(inbound("r1", text)).session.title;
  EXPECT_EQ(title.size(), 60 * 2 + 3U);
  EXPECT_TRUE(title.ends_with("…"));
  accept(inbound("r2", "second"));
  EXPECT_EQ(must(sessions().find(kMain, kOwner))->title, title);
}

TEST_F(RunsTest, BrokenUtf8AndNulsComeBackReadable) {
  const auto accepted = accept(inbound("r1", std::string("a\xff\0b", 4)));
  EXPECT_EQ(transcript(accepted.session.id), Texts{std::string("a\xEF\xBF\xBD\0b", 6)});
  EXPECT_EQ(must(runs().find(RunId("r1")))->inbound.text, std::string("a\xEF\xBF\xBD\0b", 6));
}

TEST_F(RunsTest, ADamagedInboxRowIsStillSomebodysMessage) {
  const auto accepted = accept(inbound("r1", "hello"), kMain, false);
  must(execute("UPDATE inbox SET body = replace(body, 'hello', 'hullo')"));
  const auto begun = must(runs().begin(RunId("r1"), 5));
  EXPECT_EQ(begun.principal, kOwner);
  EXPECT_EQ(begun.inbound.label.integrity, Integrity::untrusted);
  ASSERT_EQ(transcript(accepted.session.id).size(), 1U);
  EXPECT_NE(transcript(accepted.session.id)[0].find("damaged"), std::string::npos);
}

TEST_F(RunsTest, DamagedPicturesAreNoticed) {
  auto message = inbound("r1", "look");
  message.images = {{"image/png", "QUJD"}};
  accept(message, kMain, false);
  must(execute("UPDATE inbox SET images = replace(images, 'QUJD', 'QUJE')"));
  EXPECT_NE(must(runs().begin(RunId("r1"), 5)).inbound.text, "look");
}

TEST_F(RunsTest, ADamagedJournalRowSaysSo) {
  accept(inbound("r1", "hello"));
  must(
      runs().append(RunId("r1"), {},
                    {JournalRow{.run = RunId("r1"), .kind = "tool_intent", .body = R"({"a":1})"}}));
  must(execute("UPDATE journal SET body = '{}'"));
  EXPECT_EQ(must(runs().journal(RunId("r1")))[0].body, R"({"damaged":true})");
}

TEST_F(RunsTest, AJournalStepIsWrittenOnce) {
  accept(inbound("r1", "hello"));
  must(runs().append(RunId("r1"), {},
                     {JournalRow{.run = RunId("r1"), .step = 7, .kind = "a", .body = "{}"}}));
  EXPECT_EQ(error_of(runs().append(
                         RunId("r1"), {},
                         {JournalRow{.run = RunId("r1"), .step = 7, .kind = "a", .body = "{}"}}))
                .code,
            Errc::conflict);
  must(runs().append(RunId("r1"), {}, {JournalRow{.run = RunId("r1"), .kind = "b", .body = "{}"}}));
  EXPECT_EQ(must(runs().journal(RunId("r1")))[1].step, 8);
}

TEST_F(RunsTest, EverythingIsThereAfterReopening) {
  const auto accepted = accept(inbound("r1", "hello"));
  open();
  EXPECT_EQ(must(runs().unfinished()).size(), 1U);
  finish(RunId("r1"), "yes");
  EXPECT_EQ(transcript(accepted.session.id), (Texts{"hello", "yes"}));
}

}  // namespace
}  // namespace carapace::store

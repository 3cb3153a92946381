// Commands: answered by the house, durable and once like any message, and never shown to a model.
#include "dispatch/commands.h"

#include <gmock/gmock.h>

#include "dispatch/dispatch_fixture.h"

namespace carapace::dispatch {
namespace {

using test::from_owner;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

bool is_command(std::string text) {
  return command_of(from_owner("r", std::move(text))).has_value();
}
std::string rest_of(std::string text) {
  const auto command = command_of(from_owner("r", std::move(text)));
  return command ? command->rest : "(no command)";
}

TEST(CommandOf, KnowsExactlyTheTable) {
  for (const auto* text :
       {"/help", "/status", "/model", "/model a/b", "/think", "/think low", "/new", "/reset",
        "/new hello there", "/whoami", "/context", "  /STATUS \n", "/New\nhello"})
    EXPECT_TRUE(is_command(text)) << text;
  for (const auto* text :
       {"", "/", "status", "/nosuchcommand", "/statuses", "/status of the project",
        "please /status", "/help me write", "/model which is best", "/newer", "/new/", "//new",
        "/stop", "/model\tis it good", "/ status"})
    EXPECT_FALSE(is_command(text)) << text;
}

TEST(CommandOf, WhatStandsBehindIt) {
  EXPECT_EQ(rest_of("/model  a/b "), "a/b");
  EXPECT_EQ(rest_of(" /new  hello\n there "), "hello\n there");
  EXPECT_EQ(rest_of("/new"), "");
  EXPECT_EQ(rest_of("/new /reset /NEW hello"), "hello");
  EXPECT_EQ(rest_of("/new /new"), "");
  EXPECT_EQ(rest_of("/new /status"), "/status");
}

TEST(CommandOf, OnlyFromTheOwnerAndWithoutPictures) {
  auto inbound = from_owner("r", "/new");
  for (const auto integrity : {Integrity::paired, Integrity::open, Integrity::untrusted}) {
    inbound.label.integrity = integrity;
    EXPECT_FALSE(command_of(inbound));
  }
  inbound.label.integrity = Integrity::owner;
  EXPECT_TRUE(command_of(inbound));
  inbound.images.push_back({"image/png", "aGk="});
  EXPECT_FALSE(command_of(inbound));
}

TEST(CommandOf, TheContinuationIsAlwaysTheSameRun) {
  EXPECT_EQ(continuation_of(RunId("a")), continuation_of(RunId("a")));
  EXPECT_NE(continuation_of(RunId("a")), continuation_of(RunId("b")));
  EXPECT_EQ(continuation_of(RunId("a")).value.size(), 36U);
}

class CommandTest : public DispatchTest {
 protected:
  std::string answer_to(const std::string& id, const std::string& text) {
    send(id, text);
    const auto ended = outcome(id);
    EXPECT_EQ(ended.state, store::RunState::done) << text;
    EXPECT_EQ(ended.stop_reason, "injected") << text;
    return ended.text;
  }
  store::SessionRow session(const std::string& key = "agent:main:main") {
    return **run(rows().sessions.find(SessionKey(key), PrincipalId()));
  }
  std::vector<std::string> past() {
    std::vector<std::string> ids;
    const auto read = run(process_->store->query([&ids](store::Statements& db) {
      return db.rows("SELECT id, reason FROM past_sessions ORDER BY ended_ms", {},
                     [&ids](const store::Row& row) {
                       EXPECT_EQ(row.text(1), "command");
                       ids.emplace_back(row.text(0));
                       return true;
                     });
    }));
    EXPECT_TRUE(read);
    return ids;
  }
  std::vector<std::string> words_of(const std::string& id) {
    std::vector<std::string> words;
    for (const auto& event : events_)
      if (event.run.value == id) words.push_back(test::word_of(event));
    return words;
  }
  std::vector<std::string> texts_of(const SessionId& id) {
    std::vector<std::string> found;
    for (const auto& item : *run(rows().transcripts.tail(id, 0)))
      found.push_back(text_of(item.message));
    return found;
  }
  // What the model was shown last.
  std::vector<std::string> shown() {
    std::vector<std::string> found;
    for (const auto& message : model_.seen.back().messages) found.push_back(text_of(message));
    return found;
  }
};

TEST_F(CommandTest, AnAnswerWithoutAModel) {
  agent_.version = "1.2.3";
  kill();
  start();
  const auto text = answer_to("r1", "/status");
  EXPECT_THAT(text, AllOf(HasSubstr("1.2.3"), HasSubstr("fake/scripted"),
                          HasSubstr("agent:main:main"), HasSubstr("0 of 200000")));
  EXPECT_TRUE(model_.seen.empty());
  EXPECT_THAT(words_of("r1"), ElementsAre("end:done"));
  const auto all = transcript();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(text_of(all[0]), "/status");
  EXPECT_EQ(text_of(all[1]), text);
  EXPECT_EQ(all[1].origin->stop, StopReason::injected);
  EXPECT_EQ(all[1].origin->usage, Usage{});
  EXPECT_EQ(all[1].run, RunId("r1"));
}

TEST_F(CommandTest, EachSaysWhatItKnows) {
  send("r0", "hello");
  outcome("r0");
  EXPECT_THAT(answer_to("r1", "/help"),
              AllOf(HasSubstr("/status"), HasSubstr("/model"), HasSubstr("/stop")));
  EXPECT_THAT(answer_to("r2", "/whoami"), AllOf(HasSubstr("owner"), HasSubstr("webchat")));
  EXPECT_THAT(answer_to("r3", "/context"),
              AllOf(HasSubstr("Messages: 6"), HasSubstr("10 of 200000")));
  EXPECT_THAT(answer_to("r4", "/Status"), HasSubstr("10 of 200000"));
  EXPECT_EQ(model_.seen.size(), 1U);
  // What the last answer said about model and use is still there.
  EXPECT_EQ(session().last_usage.prompt(), 10);
  EXPECT_EQ(session().last_model, "scripted-1");
}

TEST_F(CommandTest, TheModelOfTheConversation) {
  EXPECT_THAT(answer_to("r1", "/model"),
              AllOf(HasSubstr("fake/scripted"), HasSubstr("\n- fake/scripted")));
  EXPECT_THAT(answer_to("r2", "/model nobody/knows"),
              AllOf(HasSubstr("Not changed"), HasSubstr("nobody/knows")));
  EXPECT_EQ(session().model_override, "");
  EXPECT_THAT(answer_to("r3", "/model fake/scripted"), HasSubstr("now uses fake/scripted"));
  EXPECT_EQ(session().model_override, "fake/scripted");
  answer_to("r4", "/model default");
  EXPECT_EQ(session().model_override, "");
}

TEST_F(CommandTest, HowHardItThinks) {
  EXPECT_THAT(answer_to("r1", "/think"), HasSubstr("off"));
  EXPECT_THAT(answer_to("r2", "/think LOW"), HasSubstr("low"));
  EXPECT_EQ(session().thinking_level, "low");
  EXPECT_THAT(answer_to("r3", "/think enormously"), HasSubstr("Not changed"));
  EXPECT_EQ(session().thinking_level, "low");
  send("r4", "hello");
  outcome("r4");
  EXPECT_EQ(model_.seen.back().thinking, provider::Thinking::low);
  answer_to("r5", "/think off");
  EXPECT_EQ(session().thinking_level, "off");
  answer_to("r6", "/think default");
  EXPECT_EQ(session().thinking_level, "");
}

TEST_F(CommandTest, WhatIsNoCommandGoesToTheModel) {
  send("r1", "/nosuchcommand");
  EXPECT_EQ(outcome("r1").text, "Echo: /nosuchcommand");
  auto stranger = from_owner("r2", "/new");
  stranger.label.integrity = Integrity::untrusted;
  ASSERT_TRUE(submit(std::move(stranger)));
  EXPECT_EQ(outcome("r2").text, "Echo: /new");
  EXPECT_THAT(past(), IsEmpty());
}

TEST_F(CommandTest, TheModelIsNeverShownThem) {
  send("r1", "hello");
  outcome("r1");
  answer_to("r2", "/status");
  answer_to("r3", "/think nonsense");
  send("r4", "again");
  outcome("r4");
  EXPECT_THAT(shown(), ElementsAre("hello", "Echo: hello", "again"));
  EXPECT_EQ(transcript().size(), 8U);
}

TEST_F(CommandTest, NewBeginsAFreshTranscriptAndKeepsTheOld) {
  send("r1", "remember the milk");
  outcome("r1");
  answer_to("r2", "/think low");
  const auto old = session();
  EXPECT_THAT(answer_to("r3", "/new"), HasSubstr("fresh conversation with fake/scripted"));
  EXPECT_NE(session().id, old.id);
  EXPECT_EQ(session().thinking_level, "low");  // settings stay
  EXPECT_THAT(past(), ElementsAre(old.id.value));
  EXPECT_THAT(texts_of(old.id), ElementsAre("remember the milk", "Echo: remember the milk",
                                            "/think low", HasSubstr("low")));
  EXPECT_THAT(texts(), ElementsAre("/new", StartsWith("A fresh")));
  send("r4", "what did I say?");
  outcome("r4");
  EXPECT_THAT(shown(), ElementsAre("what did I say?"));
  // Again, and under its other name.
  answer_to("r5", "/RESET");
  EXPECT_EQ(past().size(), 2U);
  EXPECT_EQ(model_.seen.size(), 2U);
}

TEST_F(CommandTest, ARepeatedSendResetsOnce) {
  send("r0", "hello");
  outcome("r0");
  answer_to("r1", "/new");
  quiet();
  EXPECT_EQ(send("r1", "/new").state, Acceptance::State::ended);
  quiet();
  EXPECT_EQ(past().size(), 1U);
  EXPECT_EQ(said_and_answered("r1"), std::pair(1, 1));
}

TEST_F(CommandTest, TextBehindNewIsTheFirstMessage) {
  send("r1", "old");
  outcome("r1");
  model_.script.push_back(test::holds());
  send("r2", "hold on");
  send("r3", "/new hello");
  send("r4", "second");  // waits behind both
  door().abort(SessionKey("agent:main:main"), RunId("r2"), "stop");
  EXPECT_THAT(outcome("r3").text, HasSubstr("fresh conversation"));
  const auto next = continuation_of(RunId("r3")).value;
  EXPECT_EQ(outcome(next).text, "Echo: hello");
  EXPECT_EQ(outcome("r4").text, "Echo: second");
  EXPECT_THAT(shown(), ElementsAre("hello", "Echo: hello", "second"));
  EXPECT_THAT(texts(), ElementsAre("/new hello", HasSubstr("fresh"), "hello", "Echo: hello",
                                   "second", "Echo: second"));
  EXPECT_EQ(session().title, "hello");
  EXPECT_THAT(words_of("r3"), ElementsAre("end:done"));
  EXPECT_EQ(words_of(next).front(), "started");
}

TEST_F(CommandTest, WhatFollowsACommandCanBeStopped) {
  model_.script.push_back(test::holds("half"));
  send("r1", "/new hello");
  wait_until([&] { return model_.holding == 1; });
  const auto next = continuation_of(RunId("r1"));
  EXPECT_THAT(door().abort(SessionKey("agent:main:main"), next, "rpc"), ElementsAre(next));
  EXPECT_EQ(outcome(next.value).state, store::RunState::aborted);
  model_.script.push_back(test::holds("half"));
  send("r2", "/new hello");
  wait_until([&] { return model_.holding == 1; });
  EXPECT_THAT(door().abort(SessionKey("agent:main:main"), RunId(), "rpc"),
              ElementsAre(continuation_of(RunId("r2"))));
  EXPECT_EQ(outcome(continuation_of(RunId("r2")).value).state, store::RunState::aborted);
}

TEST_F(CommandTest, OneThatIsStoppedWhileItWaitsDoesNothing) {
  model_.script.push_back(test::holds());
  send("r1", "hello");
  send("r2", "/new and this");
  wait_until([&] { return model_.holding == 1; });
  const auto before = session().id;
  door().abort(SessionKey("agent:main:main"), RunId("r2"), "stop");
  door().abort(SessionKey("agent:main:main"), RunId("r1"), "stop");
  EXPECT_EQ(outcome("r2").state, store::RunState::aborted);
  EXPECT_EQ(session().id, before);
  EXPECT_THAT(words_of("r2"), ElementsAre("end:aborted"));
  EXPECT_EQ(model_.seen.size(), 1U);
}

TEST_F(CommandTest, ACrashBeforeItIsCarriedOut) {
  send("r0", "hello");
  outcome("r0");
  model_.script.push_back(test::holds());
  send("r1", "wait");
  send("r2", "/new hello");
  send("r3", "/status");
  restart();
  const auto recovered = run(door().recover());
  ASSERT_TRUE(recovered);
  EXPECT_EQ(recovered->resumed, 2U);
  EXPECT_THAT(outcome("r2").text, HasSubstr("fresh"));
  EXPECT_EQ(outcome(continuation_of(RunId("r2")).value).text, "Echo: hello");
  EXPECT_THAT(outcome("r3").text, HasSubstr("fake/scripted"));
  EXPECT_EQ(past().size(), 1U);
  EXPECT_THAT(texts(), ElementsAre("/new hello", HasSubstr("fresh"), "hello", "Echo: hello",
                                   "/status", HasSubstr("fake/scripted")));
}

// The store goes away at every single step of `/new hello` and stays away until the process is
// gone: the next start does what is left, and everything is there exactly once.
TEST_F(CommandTest, ACrashAtAnyStepIsCarriedOutOnce) {
  for (int step = 2; step <= 7; ++step) {
    const auto key = "at-" + std::to_string(step);
    const auto id = "r-" + key;
    const auto full = "agent:main:" + key;
    send("first-" + key, "old", key);
    outcome("first-" + key);
    quiet();
    process_->engine.arm(step, std::numeric_limits<int>::max());
    send(id, "/new hello", key);
    quiet();
    restart();
    ASSERT_TRUE(run(door().recover()));
    quiet();
    const auto next = continuation_of(RunId(id)).value;
    EXPECT_EQ(state(id), store::RunState::done) << step;
    EXPECT_THAT(state(next), ::testing::AnyOf(store::RunState::done, store::RunState::interrupted))
        << step;
    EXPECT_EQ(said_and_answered(id, full), std::pair(1, 1)) << step;
    EXPECT_EQ(said_and_answered(next, full), std::pair(1, 1)) << step;
    EXPECT_EQ(texts(full).size(), 4U) << step;
    EXPECT_EQ(past().size(), static_cast<std::size_t>(step - 1)) << step;
  }
}

TEST_F(CommandTest, AStoreThatComesBackIsWaitedFor) {
  dispatch_.begin_patience_ms = 30'000;
  kill();
  start();
  send("r0", "old");
  outcome("r0");
  quiet();
  for (int step = 2; step <= 4; ++step) {
    const auto id = "r" + std::to_string(step);
    process_->engine.arm(step, step + 1);
    send(id, "/new hello");
    EXPECT_THAT(outcome(id).text, HasSubstr("fresh")) << step;
    EXPECT_EQ(outcome(continuation_of(RunId(id)).value).text, "Echo: hello") << step;
    quiet();
    EXPECT_EQ(past().size(), static_cast<std::size_t>(step - 1)) << step;
    EXPECT_EQ(ends_of(id), 1) << step;
  }
}

TEST_F(CommandTest, WhenTheStoreStaysAwayItIsToldAndKept) {
  process_->engine.arm(2, std::numeric_limits<int>::max());
  send("r1", "/status");
  EXPECT_EQ(outcome("r1").state, store::RunState::failed);
  quiet();
  restart();
  EXPECT_EQ(run(door().recover())->resumed, 1U);
  EXPECT_EQ(outcome("r1").state, store::RunState::done);
}

TEST_F(CommandTest, BeforeRecoveryHasLooked) {
  // Clients may speak before the start has settled; what follows their command is not taken up
  // twice.
  send("r1", "/new hello");
  ASSERT_TRUE(run(door().recover()));
  EXPECT_THAT(outcome("r1").text, HasSubstr("fresh"));  // from here on the store knows what follows
  const auto next = continuation_of(RunId("r1")).value;
  EXPECT_EQ(outcome(next).text, "Echo: hello");
  quiet();
  EXPECT_EQ(said_and_answered(next), std::pair(1, 1));
  EXPECT_EQ(model_.seen.size(), 1U);
}

}  // namespace
}  // namespace carapace::dispatch

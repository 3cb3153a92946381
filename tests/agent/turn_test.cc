// The turn with a scripted model: answers, ends of every kind, events, transcript, journal.
#include "agent/turn.h"

#include <gmock/gmock.h>

#include "agent/agent_fixture.h"

namespace carapace::agent {
namespace {

using test::asks_for;
using test::calls_tool;
using test::says_text;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TurnTest : public AgentTest {};

TEST_F(TurnTest, APlainAnswer) {
  turn("hello", {says_text("Good day")});
  EXPECT_THAT(words(), ElementsAre("started", "text:Good day", "end:done"));
  expect_one_end();
  EXPECT_EQ(ended().text, "Good day");
  EXPECT_EQ(ended().stop_reason, "stop");
  EXPECT_EQ(ended().provider, "fake");
  EXPECT_EQ(ended().model, "scripted-1");
  EXPECT_EQ(ended().usage.output, 5);
  const auto messages = transcript();
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(text_of(messages[0]), "hello");
  EXPECT_EQ(messages[1].origin->api, "fake-wire");
  EXPECT_EQ(messages[1].run, last_.id);
  EXPECT_EQ(messages[1].principal, kOwner);
  EXPECT_EQ(state(), store::RunState::done);
  EXPECT_THAT(journal_kinds(), ElementsAre("request", "completion", "finish"));
}

TEST_F(TurnTest, ThinkingComesBeforeItsText) {
  auto says = says_text("42");
  says.thinking = "let me see";
  turn("think", {std::move(says)});
  EXPECT_THAT(words(), ElementsAre("started", "thinking:let me see", "text:42", "end:done"));
  const auto last = last_message();
  ASSERT_EQ(last.blocks.size(), 2U);
  EXPECT_EQ(std::get<ThinkingBlock>(last.blocks[0]).signature, "signature");
}

TEST_F(TurnTest, TheSessionLearnsWhatAnswered) {
  turn("hello", {says_text("hi")});
  auto session = *run(rows_.sessions.find(last_.key, kOwner));
  EXPECT_EQ(session->last_model, "scripted-1");
  EXPECT_EQ(session->last_usage.input, 10);
  // An answer that fails says nothing about it.
  turn("again", {test::fails(Errc::unavailable, "away")});
  session = *run(rows_.sessions.find(last_.key, kOwner));
  EXPECT_EQ(session->last_model, "scripted-1");
  EXPECT_EQ(session->last_usage.input, 10);
}

TEST_F(TurnTest, AnErrorBeforeAnyTextIsTheOutcome) {
  turn("hello", {test::fails(Errc::unauthorized, "the key is wrong")});
  EXPECT_THAT(words(), ElementsAre("started", "end:failed"));
  expect_one_end();
  EXPECT_THAT(ended().error, HasSubstr("the key is wrong"));
  EXPECT_EQ(last_message().origin->stop, StopReason::error);
  EXPECT_EQ(state(), store::RunState::failed);
  // People see it, the model does not.
  turn("and now", {says_text("fine")});
  for (const auto& message : model_.seen.back().messages)
    EXPECT_EQ(text_of(message).find("the key is wrong"), std::string::npos);
}

TEST_F(TurnTest, InternalsAreNotShown) {
  turn("hello", {test::fails(Errc::internal, "null pointer at 0x0")});
  EXPECT_EQ(ended().error.find("0x0"), std::string::npos);
  EXPECT_EQ(text_of(last_message()).find("0x0"), std::string::npos);
  EXPECT_FALSE(ended().error.empty());
}

TEST_F(TurnTest, AnErrorAfterTextKeepsTheText) {
  turn("hello", {test::fails(Errc::unavailable, "connection reset", "Once upon a")});
  EXPECT_THAT(words(), ElementsAre("started", "text:Once upon a", "end:failed"));
  expect_one_end();
  EXPECT_EQ(text_of(last_message()), "Once upon a");
  EXPECT_THAT(last_message().origin->error, HasSubstr("connection reset"));
  // It stays in the context.
  turn("go on", {says_text("time")});
  EXPECT_EQ(text_of(model_.seen.back().messages[1]), "Once upon a");
}

TEST_F(TurnTest, AProviderThatThrowsStillEndsVisibly) {
  auto says = says_text("par");
  says.throws = true;
  turn("hello", {std::move(says)});
  expect_one_end();
  EXPECT_EQ(words().back(), "end:failed");
  EXPECT_EQ(state(), store::RunState::failed);
}

TEST_F(TurnTest, ARefusalIsAnAnswer) {
  test::Says says;
  says.stop = StopReason::refusal;
  turn("do evil", {std::move(says)});
  EXPECT_THAT(words(), ElementsAre("started", "end:done"));
  expect_one_end();
  EXPECT_EQ(ended().stop_reason, "refusal");
  EXPECT_EQ(ended().text, "The model declined to answer this.");
}

TEST_F(TurnTest, AnEmptyAnswerSaysSo) {
  turn("hello", {test::Says{}});
  expect_one_end();
  EXPECT_EQ(ended().text, "The model answered with nothing.");
}

TEST_F(TurnTest, StoppedBeforeItBegan) {
  stop_.request("rpc");
  turn("hello", {says_text("never")});
  EXPECT_THAT(words(), ElementsAre("started", "end:aborted"));
  expect_one_end();
  EXPECT_TRUE(model_.seen.empty());
  EXPECT_EQ(ended().stop_reason, "rpc");
  EXPECT_EQ(state(), store::RunState::aborted);
}

TEST_F(TurnTest, StoppedWhileItStreams) {
  on_event_ = [this](const RunEvent& event) {
    if (std::holds_alternative<RunText>(event.what)) stop_.request("stop");
  };
  turn("hello", {test::holds("half an answer")});
  EXPECT_THAT(words(), ElementsAre("started", "text:half an answer", "end:aborted"));
  expect_one_end();
  EXPECT_EQ(text_of(last_message()), "half an answer");
  EXPECT_EQ(last_message().origin->stop, StopReason::aborted);
}

TEST_F(TurnTest, StoppedBeforeTheFirstWord) {
  auto row = accept(test::from_owner("r", "hello"));
  last_ = row;
  model_.script.push_back(test::holds());
  loop_.post([this] { stop_.request("rpc"); });
  run(runner().run(std::move(row), stop_));
  expect_one_end();
  EXPECT_EQ(text_of(last_message()), "(stopped)");
}

TEST_F(TurnTest, AShutdownIsAnInterruption) {
  on_event_ = [this](const RunEvent& event) {
    if (std::holds_alternative<RunText>(event.what)) stop_.request("shutdown");
  };
  turn("hello", {test::holds("half")});
  EXPECT_EQ(words().back(), "end:interrupted");
  EXPECT_EQ(state(), store::RunState::interrupted);
  EXPECT_EQ(last_message().origin->stop, StopReason::interrupted);
  EXPECT_THAT(ended().error, HasSubstr("Interrupted"));
}

TEST_F(TurnTest, TimeIsBounded) {
  auto inbound = test::from_owner("slow", "hello");
  inbound.timeout_ms = 20;
  model_.script.push_back(test::holds());
  turn(std::move(inbound));
  expect_one_end();
  EXPECT_EQ(words().back(), "end:aborted");
  EXPECT_EQ(ended().stop_reason, "timeout");
  EXPECT_THAT(text_of(last_message()), HasSubstr("configured limit"));
}

TEST_F(TurnTest, ImagesGoToTheModelThatSeesThem) {
  router_.info.images = true;
  auto inbound = test::from_owner("pic", "what is this");
  // A one-pixel PNG's first bytes are enough for the sniffer.
  inbound.images.push_back({"image/png",
                            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+"
                            "M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="});
  model_.script.push_back(says_text("a dot"));
  turn(std::move(inbound));
  expect_one_end();
  const auto& blocks = model_.seen.back().messages.back().blocks;
  EXPECT_TRUE(std::ranges::any_of(
      blocks, [](const Block& block) { return std::holds_alternative<ImageBlock>(block); }));
  EXPECT_EQ(std::get<ImageBlock>(transcript()[0].blocks[1]).mime, "image/png");
}

TEST_F(TurnTest, AnUnknownModelIsAVisibleFailure) {
  auto inbound = test::from_owner("m", "hello");
  inbound.model = "nobody/nothing";
  turn(std::move(inbound));
  EXPECT_THAT(words(), ElementsAre("started", "end:failed"));
  EXPECT_THAT(ended().error, HasSubstr("nobody/nothing"));
  expect_one_end();
}

TEST_F(TurnTest, TheSystemPromptIsTheSameByteForByte) {
  turn("one", {says_text("1")});
  clock_.advance(3'600'000);
  turn("two", {asks_for({calls_tool("lookup")}), says_text("2")});
  ASSERT_EQ(model_.seen.size(), 3U);
  EXPECT_EQ(model_.seen[0].system, model_.seen[1].system);
  EXPECT_EQ(model_.seen[1].system, model_.seen[2].system);
  EXPECT_THAT(model_.seen[0].system, HasSubstr("lookup: looks up"));
  EXPECT_THAT(model_.seen[0].system, HasSubstr("channel=webchat"));
}

TEST_F(TurnTest, WordsOfOneRunStayInThatRun) {
  auto inbound = test::from_owner("extra", "hello");
  inbound.extra_system = "Answer in Latin.";
  turn(std::move(inbound));
  EXPECT_THAT(model_.seen.back().system, HasSubstr("Answer in Latin."));
  turn("again", {says_text("ok")});
  EXPECT_EQ(model_.seen.back().system.find("Latin"), std::string::npos);
}

TEST_F(TurnTest, LabelsJoinOverTheConversation) {
  auto inbound = test::from_owner("strange", "from a stranger");
  inbound.label = {Integrity::untrusted, Confidentiality::open};
  turn(std::move(inbound));
  EXPECT_EQ(last_message().label, (Label{Integrity::untrusted, Confidentiality::open}));
  turn("mine", {says_text("ok")});
  EXPECT_EQ(last_message().label, (Label{Integrity::untrusted, Confidentiality::personal}));
}

}  // namespace
}  // namespace carapace::agent

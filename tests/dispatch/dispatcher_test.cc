// The door: durable before it answers, one outcome each, in order, and only for whom it is.
#include <gmock/gmock.h>

#include "async/signal.h"
#include "dispatch/dispatch_fixture.h"

namespace carapace::dispatch {
namespace {

using test::from_owner;
using test::says_text;
using ::testing::ElementsAre;

TEST_F(DispatchTest, AMessageIsAnswered) {
  model_.script.push_back(says_text("Good day"));
  const auto accepted = send("r1", "hello");
  EXPECT_EQ(accepted.state, Acceptance::State::started);
  const auto ended = outcome("r1");
  EXPECT_EQ(ended.state, store::RunState::done);
  EXPECT_EQ(ended.text, "Good day");
  EXPECT_EQ(ended.provider, "fake");
  EXPECT_EQ(ended.model, "scripted-1");
  EXPECT_EQ(ended.usage.output, 5);
  EXPECT_THAT(texts(), ElementsAre("hello", "Good day"));
  for (std::size_t i = 0; i < events_.size(); ++i)
    EXPECT_EQ(events_[i].seq, static_cast<std::int64_t>(i + 1));
}

TEST_F(DispatchTest, AcceptedIsOnDisk) {
  // The answer to `submit` is all that happened: the process dies before the model was heard.
  model_.script.push_back(test::holds());
  send("r1", "hello");
  restart();
  const auto recovered = run(door().recover());
  ASSERT_TRUE(recovered);
  EXPECT_EQ(recovered->resumed + recovered->interrupted, 1U);
  EXPECT_EQ(said_and_answered("r1"), std::pair(1, 1));
}

TEST_F(DispatchTest, WhatWaitedIsResumedAndAnswered) {
  model_.script.push_back(test::holds());
  send("r1", "first");
  send("r2", "second");
  send("r3", "third");
  restart();
  const auto recovered = run(door().recover());
  EXPECT_EQ(recovered->resumed, 2U);
  EXPECT_EQ(recovered->interrupted, 1U);
  EXPECT_EQ(outcome("r2").text, "Echo: second");
  EXPECT_EQ(outcome("r3").text, "Echo: third");
  EXPECT_EQ(outcome("r1").state, store::RunState::interrupted);
  for (const auto* id : {"r1", "r2", "r3"}) EXPECT_EQ(said_and_answered(id), std::pair(1, 1)) << id;
}

TEST_F(DispatchTest, ARepeatOfARunIsTheSameRun) {
  model_.script.push_back(test::holds());
  send("r1", "hello");
  EXPECT_EQ(send("r1", "hello").state, Acceptance::State::in_flight);
  door().abort(SessionKey("agent:main:main"), RunId("r1"), "rpc");
  outcome("r1");
  quiet();
  const auto again = send("r1", "hello");
  EXPECT_EQ(again.state, Acceptance::State::ended);
  EXPECT_EQ(again.run.state, store::RunState::aborted);
  EXPECT_EQ(said_and_answered("r1"), std::pair(1, 1));
}

Task<void> submit_into(Dispatcher* door, Inbound inbound, std::vector<Result<Acceptance>>* out) {
  out->push_back(co_await door->submit(std::move(inbound)));
}

TEST_F(DispatchTest, ConcurrentRepeatsAreOneMessage) {
  std::vector<Result<Acceptance>> answers;
  for (int i = 0; i < 20; ++i)
    process_->group.spawn(submit_into(&door(), from_owner("r1", "hello"), &answers));
  // The same message of a channel, under other run ids.
  for (int i = 0; i < 20; ++i) {
    auto inbound = from_owner("d" + std::to_string(i), "from a chat", "agent:main:chat");
    inbound.dedupe_id = "update-7";
    process_->group.spawn(submit_into(&door(), std::move(inbound), &answers));
  }
  quiet();
  ASSERT_EQ(answers.size(), 40U);
  int started = 0;
  for (const auto& answer : answers) {
    ASSERT_TRUE(answer) << answer.error().detail;
    started += answer->state == Acceptance::State::started ? 1 : 0;
  }
  EXPECT_EQ(started, 2);
  EXPECT_THAT(texts(), ElementsAre("hello", "Echo: hello"));
  EXPECT_THAT(texts("agent:main:chat"), ElementsAre("from a chat", "Echo: from a chat"));
  EXPECT_EQ(model_.seen.size(), 2U);
}

TEST_F(DispatchTest, ManyAtOnceKeepTheirOrder) {
  std::vector<Result<Acceptance>> answers;
  std::vector<std::string> expected;
  for (int i = 0; i < 40; ++i) {
    const auto number = std::to_string(i);
    process_->group.spawn(submit_into(&door(), from_owner("r" + number, number), &answers));
    expected.push_back(number);
    expected.push_back("Echo: " + number);
  }
  quiet();
  EXPECT_EQ(texts(), expected);
  // One at a time: each run ended before the next began.
  std::vector<std::string> edges;
  for (const auto& event : events_) {
    if (std::holds_alternative<RunStarted>(event.what)) edges.push_back("+" + event.run.value);
    if (std::holds_alternative<RunEnded>(event.what)) edges.push_back("-" + event.run.value);
  }
  ASSERT_EQ(edges.size(), 80U);
  for (std::size_t i = 0; i < edges.size(); i += 2)
    EXPECT_EQ(edges[i].substr(1), edges[i + 1].substr(1));
}

TEST_F(DispatchTest, AFullLaneSaysSoAndKeepsItsBound) {
  kill();
  dispatch_.per_lane = 3;
  start();
  model_.script.push_back(test::holds());
  send("running", "hello");
  std::vector<Result<Acceptance>> answers;
  for (int i = 0; i < 10; ++i)
    process_->group.spawn(submit_into(&door(), from_owner("r" + std::to_string(i), "x"), &answers));
  wait_until([&] { return answers.size() == 10; });
  EXPECT_EQ(std::ranges::count_if(answers, [](const auto& answer) { return answer.has_value(); }),
            3);
  for (const auto& answer : answers)
    if (!answer) EXPECT_EQ(answer.error().code, Errc::rate_limited);
  // A message that was taken is still known as such; other sessions have room.
  EXPECT_EQ(send("running", "hello").state, Acceptance::State::in_flight);
  EXPECT_EQ(send("elsewhere", "x", "agent:main:other").state, Acceptance::State::started);
  door().abort(SessionKey("agent:main:main"), RunId(), "rpc");
  quiet();
}

TEST_F(DispatchTest, Waiting) {
  EXPECT_EQ(run(door().wait(RunId("never"), 10)).error().code, Errc::not_found);
  model_.script.push_back(test::holds());
  send("r1", "hello");
  auto timed_out = run(door().wait(RunId("r1"), 20));
  ASSERT_TRUE(timed_out);
  EXPECT_FALSE(*timed_out);
  door().abort(SessionKey("agent:main:main"), RunId("r1"), "stop");
  EXPECT_EQ(outcome("r1").stop_reason, "stop");
  EXPECT_EQ(outcome("r1").stop_reason, "stop");  // and again
}

TEST_F(DispatchTest, WaitingAfterARestartReadsTheStore) {
  model_.script.push_back(says_text("Good day"));
  send("r1", "hello");
  outcome("r1");
  restart();
  const auto ended = outcome("r1");
  EXPECT_EQ(ended.state, store::RunState::done);
  EXPECT_EQ(ended.text, "Good day");
  EXPECT_EQ(ended.model, "scripted-1");
  EXPECT_EQ(ended.usage.output, 5);
}

TEST_F(DispatchTest, AbortingWhatRunsAndWhatWaits) {
  model_.script.push_back(test::holds("half"));
  send("r1", "one");
  send("r2", "two");
  wait_until([&] { return model_.holding == 1; });
  EXPECT_EQ(door().abort(SessionKey("agent:main:main"), RunId("r2"), "rpc"),
            std::vector{RunId("r2")});
  EXPECT_EQ(door().abort(SessionKey("agent:main:main"), RunId("r1"), "rpc"),
            std::vector{RunId("r1")});
  EXPECT_EQ(outcome("r1").state, store::RunState::aborted);
  EXPECT_EQ(outcome("r1").text, "half");
  EXPECT_EQ(outcome("r2").state, store::RunState::aborted);
  EXPECT_THAT(texts(), ElementsAre("one", "half", "two", "(stopped)"));
  EXPECT_TRUE(door().abort(SessionKey("agent:main:main"), RunId(), "rpc").empty());
  EXPECT_EQ(model_.seen.size(), 1U);
}

TEST_F(DispatchTest, ASecondPersonSeesNothingOfTheFirst) {
  send("r1", "my secret");
  outcome("r1");
  auto intruder = from_owner("r2", "let me in");
  intruder.principal = PrincipalId("second");
  EXPECT_EQ(submit(intruder).error().code, Errc::forbidden);
  intruder.run = RunId("r1");
  EXPECT_EQ(submit(intruder).error().code, Errc::forbidden);
  // A message id of a chat that somebody else's message has.
  auto first = from_owner("r3", "from a chat", "agent:main:chat");
  first.dedupe_id = "update-1";
  ASSERT_TRUE(submit(first));
  auto second = from_owner("r4", "guessed", "agent:main:mine");
  second.principal = PrincipalId("second");
  second.dedupe_id = "update-1";
  EXPECT_EQ(submit(second).error().code, Errc::forbidden);
  quiet();
  EXPECT_EQ(texts().size(), 2U);
}

TEST_F(DispatchTest, BadMessagesAreRefusedBeforeTheStore) {
  auto empty = from_owner("r1", " ");
  EXPECT_EQ(submit(empty).error().code, Errc::invalid_request);
  EXPECT_EQ(run(door().wait(RunId("r1"), 1)).error().code, Errc::not_found);
}

TEST_F(DispatchTest, DrainingInterruptsWhatRunsAndKeepsWhatWaits) {
  model_.script.push_back(test::holds("half"));
  send("r1", "one");
  send("r2", "two");
  wait_until([&] { return model_.holding == 1; });
  run(door().drain(20));
  EXPECT_EQ(submit(from_owner("late", "x")).error().code, Errc::unavailable);
  EXPECT_EQ(state("r1"), store::RunState::interrupted);
  EXPECT_EQ(state("r2"), store::RunState::accepted);
  EXPECT_EQ(ends_of("r1"), 1);
  EXPECT_EQ(ends_of("r2"), 0);
  restart();
  EXPECT_EQ(run(door().recover())->resumed, 1U);
  EXPECT_EQ(outcome("r2").text, "Echo: two");
  EXPECT_EQ(said_and_answered("r1"), std::pair(1, 1));
}

TEST_F(DispatchTest, DrainingWaitsForWhatRunsAndBeginsNothing) {
  send("r1", "one");
  send("r2", "two");
  run(door().drain(10'000));
  EXPECT_EQ(state("r1"), store::RunState::done);
  // The second one may have begun before the draining did; then it was waited for as well.
  const auto second = state("r2");
  EXPECT_TRUE(second == store::RunState::accepted || second == store::RunState::done)
      << static_cast<int>(second);
  EXPECT_EQ(ends_of("r2"), second == store::RunState::done ? 1 : 0);
}

}  // namespace
}  // namespace carapace::dispatch

// What a killed process left is reported once, and nothing that may have happened is done again.
#include "dispatch/recovery.h"

#include <gmock/gmock.h>

#include "dispatch/dispatch_fixture.h"

namespace carapace::dispatch {
namespace {

using test::asks_for;
using test::calls_tool;
using test::from_owner;
using ::testing::HasSubstr;

using RecoveryTest = DispatchTest;

TEST_F(RecoveryTest, ATurnThatWasCutOffSaysSo) {
  model_.script.push_back(test::holds("half an answer"));
  send("r1", "hello");
  wait_until([&] { return model_.holding == 1; });
  restart();
  EXPECT_EQ(state("r1"), store::RunState::running);
  const auto recovered = run(door().recover());
  EXPECT_EQ(recovered->interrupted, 1U);
  EXPECT_EQ(recovered->resumed, 0U);
  const auto all = texts();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0], "hello");
  EXPECT_THAT(all[1], HasSubstr("Interrupted"));
  EXPECT_EQ(transcript()[1].origin->stop, StopReason::interrupted);
  const auto ended = outcome("r1");
  EXPECT_EQ(ended.state, store::RunState::interrupted);
  EXPECT_THAT(ended.error, HasSubstr("Interrupted"));
  // The conversation goes on, and the model is not told what only people were told.
  send("r2", "again");
  EXPECT_EQ(outcome("r2").state, store::RunState::done);
  for (const auto& message : model_.seen.back().messages)
    EXPECT_EQ(text_of(message).find("Interrupted"), std::string::npos);
}

TEST_F(RecoveryTest, ACallThatHadBegunIsOfUnknownOutcome) {
  model_.script.push_back(asks_for({calls_tool("lookup", "{}", "a"), calls_tool("wait", "{}", "b"),
                                    calls_tool("lookup", R"({"n":2})", "c")}));
  send("r1", "go");
  wait_until([&] {
    return std::ranges::any_of(events_, [](const RunEvent& event) {
      const auto* started = std::get_if<RunToolStarted>(&event.what);
      return started && started->call.id.value == "b";
    });
  });
  // The tool runs: its intent is on disk.
  run(test::until([this] {
    return process_->engine.count >= 4;  // accept, completion, and the first call's two
  }));
  const auto has_intent = [this] {
    for (const auto& row : *run(rows().runs.journal(RunId("r1"))))
      if (row.kind == "tool_intent" && row.body.find("\"b\"") != std::string::npos) return true;
    return false;
  };
  while (!has_intent()) {}
  EXPECT_EQ(effects_, 1);
  restart();
  ASSERT_TRUE(run(door().recover()));
  const auto all = texts();
  ASSERT_EQ(all.size(), 6U);  // question, calls, three results, the sentence
  EXPECT_EQ(all[2], "found");
  EXPECT_THAT(all[3], HasSubstr("Outcome unknown"));
  EXPECT_THAT(all[4], HasSubstr("Not run"));
  EXPECT_THAT(all[5], HasSubstr("Interrupted"));
  quiet();
  EXPECT_EQ(effects_, 1);
  // Every call has exactly one result in what the model is given next.
  send("r2", "and?");
  outcome("r2");
  int results = 0;
  for (const auto& message : model_.seen.back().messages)
    for (const auto& block : message.blocks)
      results += std::holds_alternative<ToolResult>(block) ? 1 : 0;
  EXPECT_EQ(results, 3);
}

TEST_F(RecoveryTest, TwiceIsOnce) {
  model_.script.push_back(test::holds());
  send("r1", "one");
  send("r2", "two");
  restart();
  ASSERT_TRUE(run(door().recover()));
  outcome("r2");
  const auto once = texts();
  const auto again = run(door().recover());
  EXPECT_EQ(again->resumed + again->interrupted, 0U);
  quiet();
  EXPECT_EQ(texts(), once);
  restart();
  EXPECT_EQ(run(door().recover())->interrupted, 0U);
  quiet();
  EXPECT_EQ(texts(), once);
}

TEST_F(RecoveryTest, WhatThisProcessAcceptedIsLeftAlone) {
  model_.script.push_back(test::holds());
  send("old", "one");
  restart();
  // A client was quicker than the recovery.
  model_.script.push_back(test::holds("working on it"));
  send("new", "two", "agent:main:other");
  wait_until([&] { return model_.holding == 1; });
  const auto recovered = run(door().recover());
  EXPECT_EQ(recovered->interrupted, 1U);
  EXPECT_EQ(recovered->resumed, 0U);
  EXPECT_EQ(state("new"), store::RunState::running);
  door().abort(SessionKey("agent:main:other"), RunId(), "rpc");
  EXPECT_EQ(outcome("new").state, store::RunState::aborted);
  EXPECT_EQ(said_and_answered("new", "agent:main:other"), std::pair(1, 1));
}

Task<void> submit_quietly(Dispatcher* door, Inbound inbound) {
  co_await door->submit(std::move(inbound));
}
Task<void> recover_quietly(Dispatcher* door) { co_await door->recover(); }

TEST_F(RecoveryTest, SubmitsDuringRecoveryAreNeitherLostNorDoubled) {
  model_.script.push_back(test::holds());
  for (int i = 0; i < 5; ++i) send("old" + std::to_string(i), "x");
  restart();
  for (int i = 0; i < 5; ++i)
    process_->group.spawn(submit_quietly(&door(), from_owner("a" + std::to_string(i), "y")));
  process_->group.spawn(recover_quietly(&door()));
  for (int i = 0; i < 5; ++i)
    process_->group.spawn(submit_quietly(&door(), from_owner("b" + std::to_string(i), "z")));
  for (int i = 0; i < 5; ++i)
    process_->group.spawn(submit_quietly(&door(), from_owner("old" + std::to_string(i), "x")));
  quiet();
  for (const auto* kind : {"old", "a", "b"})
    for (int i = 0; i < 5; ++i)
      EXPECT_EQ(said_and_answered(kind + std::to_string(i)), std::pair(1, 1)) << kind << i;
}

TEST_F(RecoveryTest, OneThatCannotBeClosedDoesNotHoldUpTheOthers) {
  for (int i = 0; i < 3; ++i) model_.script.push_back(test::holds());
  for (int i = 0; i < 3; ++i)
    send("r" + std::to_string(i), "x", "agent:main:s" + std::to_string(i));
  send("waits", "y", "agent:main:s0");
  wait_until([&] { return model_.holding == 3; });
  restart();
  process_->engine.arm(1, 2);
  const auto recovered = run(door().recover());
  ASSERT_TRUE(recovered);
  EXPECT_EQ(recovered->interrupted, 2U);
  EXPECT_EQ(recovered->resumed, 1U);
  EXPECT_EQ(outcome("waits").state, store::RunState::done);
  restart();
  EXPECT_EQ(run(door().recover())->interrupted, 1U);
}

}  // namespace
}  // namespace carapace::dispatch

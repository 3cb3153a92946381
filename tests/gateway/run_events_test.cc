// Run events on the wire: shapes, order, throttle, coalescing, guards, slow readers.
#include "gateway/live/run_events.h"

#include "gateway/gateway_fixture.h"
#include "gateway/live/broadcast.h"

namespace carapace::test {
namespace {

const RunId kRun{"run-1"};

class RunEventsTest : public GatewayTest {
 protected:
  void text(std::string whole, std::string delta) {
    publish(kRun, "main", RunText{std::move(whole), std::move(delta)});
  }
  void start() { publish(kRun, "main", RunStarted{clock_.wall_ms()}); }
  RunEnded ended(RunEnded::Outcome outcome, std::string text = {}) {
    RunEnded out;
    out.outcome = outcome;
    out.text = std::move(text);
    out.ended_ms = clock_.wall_ms();
    return out;
  }
  // "agent:lifecycle", "agent:assistant", "chat:delta" … in the order they came.
  std::vector<std::string> story(const FakeSocket& socket) {
    std::vector<std::string> out;
    for (const auto& frame : socket.frames) {
      const auto object = parsed(frame);
      const auto name = string_or(object, "event", "");
      if (name == "agent")
        out.push_back("agent:" + string_or(object.at("payload").as_object(), "stream", ""));
      if (name == "chat")
        out.push_back("chat:" + string_or(object.at("payload").as_object(), "state", ""));
    }
    return out;
  }
};

using Story = std::vector<std::string>;

Task<void> ask(dispatch::Desk* desk, tool::Question question, Stop stop) {
  co_await desk->ask(std::move(question), stop);
}

TEST_F(RunEventsTest, a_plain_turn) {
  const auto socket = connected();
  start();
  text("Hello", "Hello");
  settle();
  clock_.advance(10);
  text("Hello world", " world");
  settle();
  publish(kRun, "main", ended(RunEnded::Outcome::done, "Hello world"));
  EXPECT_EQ(story(*socket), (Story{"agent:lifecycle", "agent:assistant", "chat:delta",
                                   "agent:assistant", "agent:lifecycle", "chat:final"}));
  const auto agent = events(*socket, "agent");
  EXPECT_EQ(dump_json(agent[2].at("payload").at("data")),
            R"({"text":"Hello world","delta":" world"})");
  EXPECT_EQ(agent[2].at("payload").at("seq"), 3);
  EXPECT_EQ(agent[2].at("payload").at("sessionKey"), "main");
  EXPECT_EQ(agent[3].at("payload").at("data").at("phase"), "end");
  const auto chat = events(*socket, "chat");
  EXPECT_EQ(chat[0].at("payload").at("message").at("content").at(0).at("text"), "Hello");
  const auto final = chat[1].at("payload").as_object();
  EXPECT_EQ(final.at("seq"), 4);
  EXPECT_EQ(final.at("message").at("role"), "assistant");
  EXPECT_EQ(final.at("message").at("content").at(0).at("text"), "Hello world");
}

TEST_F(RunEventsTest, deltas_that_wait_together_become_one_event) {
  const auto socket = connected();
  start();
  std::string whole;
  for (int i = 0; i < 100; ++i) {
    whole += "x";
    text(whole, "x");
  }
  settle();
  const auto agent = events(*socket, "agent");
  ASSERT_EQ(agent.size(), 2U);
  EXPECT_EQ(agent[1].at("payload").at("data").at("delta").as_string().size(), 100U);
  EXPECT_EQ(agent[1].at("payload").at("data").at("text").as_string().size(), 100U);
  EXPECT_EQ(agent[1].at("payload").at("seq"), 101);
}

TEST_F(RunEventsTest, what_waits_is_told_before_the_end) {
  const auto socket = connected();
  start();
  text("all of it", "all of it");
  publish(kRun, "main", ended(RunEnded::Outcome::done, "all of it"));
  EXPECT_EQ(story(*socket), (Story{"agent:lifecycle", "agent:assistant", "chat:delta",
                                   "agent:lifecycle", "chat:final"}));
  settle();
  EXPECT_EQ(story(*socket).size(), 5U);  // the flush that was planned finds nothing
}

TEST_F(RunEventsTest, chat_deltas_keep_their_distance) {
  const auto socket = connected();
  start();
  std::string whole;
  for (int i = 0; i < 10; ++i) {  // one every 50 ms
    whole += "x";
    text(whole, "x");
    settle();
    clock_.advance(50);
  }
  EXPECT_EQ(events(*socket, "agent").size(), 11U);
  EXPECT_EQ(events(*socket, "chat").size(), 4U);  // at 0, 150, 300, 450 ms
}

TEST_F(RunEventsTest, a_second_message_of_a_run_starts_its_text_anew) {
  const auto socket = connected();
  start();
  text("Let me check.", "Let me check.");
  text("Done", "Done");
  settle();
  const auto agent = events(*socket, "agent");
  ASSERT_EQ(agent.size(), 3U);
  EXPECT_EQ(dump_json(agent[1].at("payload").at("data")),
            R"({"text":"Let me check.","delta":"Let me check."})");
  EXPECT_EQ(dump_json(agent[2].at("payload").at("data")), R"({"text":"Done","delta":"Done"})");
}

TEST_F(RunEventsTest, thinking_has_its_own_stream_and_keeps_its_place) {
  const auto socket = connected();
  start();
  publish(kRun, "main", RunThinking{"hm"});
  publish(kRun, "main", RunThinking{"m"});
  text("So", "So");
  settle();
  EXPECT_EQ(story(*socket),
            (Story{"agent:lifecycle", "agent:thinking", "agent:assistant", "chat:delta"}));
  EXPECT_EQ(dump_json(events(*socket, "agent")[1].at("payload").at("data")), R"({"delta":"hmm"})");
}

TEST_F(RunEventsTest, tools_are_shown_when_the_run_is_verbose) {
  const auto socket = connected();
  ToolCall tool{ToolCallId("c1"), "session_status", R"({"a":1})", false};
  ToolResult result{
      ToolCallId("c1"), "session_status", std::string(10'000, 'x'), {{"image/png", "AAAA"}}, false};
  for (const bool verbose : {false, true}) {
    publish(kRun, "main", RunToolStarted{tool}, verbose);
    publish(kRun, "main", RunToolEnded{tool, result}, verbose);
  }
  const auto agent = events(*socket, "agent");
  ASSERT_EQ(agent.size(), 2U);
  EXPECT_EQ(dump_json(agent[0].at("payload").at("data")),
            R"({"phase":"start","name":"session_status","toolCallId":"c1","args":{"a":1}})");
  const auto& data = agent[1].at("payload").at("data").as_object();
  EXPECT_EQ(data.at("phase"), "result");
  EXPECT_FALSE(data.at("isError").as_bool());
  const auto& content = data.at("result").at("content").as_array();
  EXPECT_LT(content.at(0).at("text").as_string().size(), 8'100U);
  EXPECT_EQ(dump_json(content.at(1)),
            R"({"type":"image","mimeType":"image/png","bytes":3,"omitted":true})");
}

TEST_F(RunEventsTest, malformed_arguments_are_shown_as_they_came) {
  const auto socket = connected();
  publish(kRun, "main", RunToolStarted{{ToolCallId("c"), "t", "{oops", true}}, true);
  EXPECT_EQ(events(*socket, "agent")[0].at("payload").at("data").at("args"), "{oops");
}

TEST_F(RunEventsTest, the_other_ends) {
  const auto socket = connected();
  start();
  auto aborted = ended(RunEnded::Outcome::aborted, "half");
  aborted.stop_reason = "stop";
  publish(kRun, "main", aborted);
  auto chat = events(*socket, "chat");
  ASSERT_EQ(chat.size(), 1U);
  EXPECT_EQ(
      dump_json(chat[0].at("payload")),
      R"({"runId":"run-1","sessionKey":"main","seq":2,"state":"aborted","stopReason":"stop"})");
  EXPECT_TRUE(events(*socket, "agent").back().at("payload").at("data").at("aborted").as_bool());

  for (const auto outcome : {RunEnded::Outcome::failed, RunEnded::Outcome::interrupted}) {
    socket->frames.clear();
    start();
    auto failed = ended(outcome);
    failed.error = "The model service could not be reached.";
    publish(kRun, "main", failed);
    EXPECT_EQ(story(*socket), (Story{"agent:lifecycle", "agent:lifecycle", "chat:error"}));
    EXPECT_EQ(events(*socket, "agent")[1].at("payload").at("data").at("phase"), "error");
    EXPECT_EQ(events(*socket, "chat")[0].at("payload").at("errorMessage"),
              "The model service could not be reached.");
  }
}

TEST_F(RunEventsTest, an_end_without_text_has_no_message) {
  const auto socket = connected();
  start();
  publish(kRun, "main", ended(RunEnded::Outcome::done));
  EXPECT_FALSE(events(*socket, "chat")[0].at("payload").as_object().contains("message"));
}

TEST_F(RunEventsTest, a_reply_that_no_model_made_is_marked) {
  const auto socket = connected();
  publish(kRun, "main", ended(RunEnded::Outcome::done, "Thinking level set to low."));
  EXPECT_EQ(story(*socket), (Story{"chat:final"}));
  const auto message = events(*socket, "chat")[0].at("payload").at("message").as_object();
  EXPECT_EQ(message.at("stopReason"), "injected");
  EXPECT_EQ(dump_json(message.at("usage")), R"({"input":0,"output":0,"totalTokens":0})");
}

TEST_F(RunEventsTest, another_persons_runs_are_not_shown) {
  const auto socket = connected();
  publish(kRun, "main", RunStarted{}, true, PrincipalId("somebody"));
  publish(kRun, "main", RunText{"secret", "secret"}, true, PrincipalId("somebody"));
  settle();
  publish(kRun, "main", RunEnded{}, true, PrincipalId("somebody"));
  EXPECT_TRUE(story(*socket).empty());
}

TEST_F(RunEventsTest, one_frame_for_all_readers) {
  const auto first = connected();
  const auto second = connected();
  start();
  EXPECT_EQ(first->frames.back().get(), second->frames.back().get());
}

TEST_F(RunEventsTest, a_slow_reader_misses_deltas_and_is_closed_by_the_rest) {
  const auto slow = connected();
  const auto quick = connected();
  start();
  slow->unsent = gateway::kSlowConsumerBytes + 1;
  slow->stalled_ms = 1'000;
  text("x", "x");
  settle();
  EXPECT_EQ(slow->close_code, 1008);  // `agent` events may not be dropped
  EXPECT_EQ(slow->close_reason, "slow consumer");
  EXPECT_EQ(quick->close_code, 0);
}

TEST_F(RunEventsTest, a_reader_that_takes_what_comes_may_be_behind_but_not_for_ever) {
  const auto reader = connected();
  start();
  reader->unsent = gateway::kSlowConsumerBytes + 1;
  reader->stalled_ms = 999;
  text("x", "x");
  settle();
  EXPECT_EQ(reader->close_code, 0);
  reader->unsent = 4 * gateway::kSlowConsumerBytes + 1;
  reader->stalled_ms = 0;
  text("y", "xy");
  settle();
  EXPECT_EQ(reader->close_code, 1008);
}

TEST_F(RunEventsTest, droppable_events_only_skip_the_slow) {
  const auto slow = connected();
  slow->unsent = gateway::kSlowConsumerBytes + 1;
  const auto page = connected({"operator.admin"}, "webchat-ui", "webchat");
  page->close(1000, "");
  const auto watcher = connected();
  const auto other = connected({"operator.admin"}, "webchat-ui", "webchat");
  other->close(1000, "");
  wait_for(*watcher, [&] { return !events(*watcher, "presence").empty(); });
  EXPECT_TRUE(events(*slow, "presence").empty());
}

TEST_F(RunEventsTest, approvals_are_for_those_who_may_answer) {
  const auto boss = connected({"operator.admin"});
  const auto approver = connected({"operator.approvals"});
  const auto reader = connected({"operator.read", "operator.write"});
  tool::Question question{kRun,        SessionKey("agent:main:main"), kOwner,
                          "web_fetch", R"({"url":"https://x.test"})", "why"};
  Stop stop;
  work_.spawn(ask(&desk_, question, stop));
  wait_for(*approver, [&] { return !events(*approver, "exec.approval.requested").empty(); });
  EXPECT_EQ(events(*boss, "exec.approval.requested").size(), 1U);
  EXPECT_TRUE(events(*reader, "exec.approval.requested").empty());
  const auto payload = events(*approver, "exec.approval.requested")[0].at("payload").as_object();
  for (const auto* name :
       {"command", "cwd", "host", "security", "ask", "agentId", "resolvedPath", "sessionKey"})
    EXPECT_TRUE(payload.at("request").as_object().contains(name)) << name;

  const auto late = connected({"operator.approvals"});  // it still hears of what waits
  EXPECT_EQ(events(*late, "exec.approval.requested").size(), 1U);

  EXPECT_EQ(
      error_of(call(*approver, "exec.approval.resolve", {{"id", "nope"}, {"decision", "deny"}})),
      "unknown approval id");
  EXPECT_EQ(error_of(call(*approver, "exec.approval.resolve",
                          {{"id", payload.at("id")}, {"decision", "perhaps"}})),
            "invalid decision");
  EXPECT_EQ(error_of(call(*reader, "exec.approval.resolve",
                          {{"id", payload.at("id")}, {"decision", "deny"}})),
            "missing scope: operator.approvals");
  EXPECT_TRUE(
      call(*approver, "exec.approval.resolve", {{"id", payload.at("id")}, {"decision", "deny"}})
          .at("ok")
          .as_bool());
  wait_for(*boss, [&] { return !events(*boss, "exec.approval.resolved").empty(); });
  const auto resolved = events(*boss, "exec.approval.resolved")[0].at("payload").as_object();
  EXPECT_EQ(resolved.at("decision"), "deny");
  EXPECT_EQ(resolved.at("resolvedBy"), "cli");
}

}  // namespace
}  // namespace carapace::test

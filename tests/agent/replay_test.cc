// A recorded run comes out the same again, byte for byte, from its journal alone.
#include "agent/replay.h"

#include <gmock/gmock.h>

#include "agent/agent_fixture.h"

namespace carapace::agent {
namespace {

using test::asks_for;
using test::calls_tool;
using test::returns;
using test::says_text;

class ReplayTest : public AgentTest {
 protected:
  ReplayTest() {
    add(test::kReadWeb,
        [](const ToolCall&, const tool::Context&) { return returns("a page of strangers"); });
    add(test::kSendOut, [](const ToolCall&, const tool::Context&) { return returns("sent"); });
    add(test::kWait, [](const ToolCall&, const tool::Context&) { return returns("waited"); }, true);
  }

  struct Shown {
    std::vector<std::string> json;
    std::vector<Label> labels;
    bool operator==(const Shown&) const = default;
  };
  Shown shown(test::Rows& rows, const SessionId& session) {
    Shown shown;
    shown.json = *run(rows.transcripts.tail_json(session, 0, 1 << 30));
    for (const auto& item : *run(rows.transcripts.tail(session, 0)))
      shown.labels.push_back(item.message.label);
    return shown;
  }

  // The same message again in an empty store, with nothing but the journal to answer.
  void expect_same() {
    expect_one_end();
    const auto recorded = shown(rows_, last_.session);
    test::TempDir dir;
    const auto engine = test::open_store(dir);
    test::Rows rows(*engine);
    const Stop stop;
    auto replay = Replay::from(journal(), stop);
    ASSERT_TRUE(replay) << replay.error().detail;
    static constexpr std::array kSpecs{&test::kLookup, &test::kReadWeb, &test::kSendOut,
                                       &test::kWait};
    const auto tools = (*replay)->tools(kSpecs);
    auto accepted = run(
        rows.runs.accept(last_.inbound, last_.key, SessionId("another"), last_.accepted_ms, true));
    ASSERT_TRUE(accepted);
    std::vector<std::string> again;
    TurnRunner runner(Ports{loop_, (*replay)->clock(), random_, rows.runs, rows.sessions,
                            rows.transcripts, (*replay)->router(), tools, (*replay)->desk(),
                            [&](const RunEvent& event) {
                              (*replay)->observe(event);
                              again.push_back(test::word_of(event));
                            }},
                      settings_);
    run(runner.run(accepted->run, stop));
    const auto finished = (*replay)->finished();
    EXPECT_TRUE(finished) << finished.error().detail;
    const auto repeated = shown(rows, SessionId("another"));
    EXPECT_EQ(repeated.json, recorded.json);
    EXPECT_TRUE(repeated.labels == recorded.labels);
    EXPECT_EQ(again.back(), words().back());
    EXPECT_EQ((*run(rows.runs.find(last_.id)))->stop_reason,
              (*run(rows_.runs.find(last_.id)))->stop_reason);
    EXPECT_EQ((*run(rows.runs.find(last_.id)))->error, (*run(rows_.runs.find(last_.id)))->error);
  }
};

TEST_F(ReplayTest, APlainAnswerWithThinking) {
  auto says = says_text("Grüße \"quoted\" \n and more");
  says.thinking = "hm";
  turn("hello", {std::move(says)});
  expect_same();
}

TEST_F(ReplayTest, ToolsApprovalsAndRefusals) {
  desk_.answer = tool::Decision::allow_once;
  auto malformed = calls_tool("lookup", "{oops", "m");
  malformed.malformed = true;
  turn("go", {asks_for({calls_tool("lookup", R"({ "a" : 1 })", "a"),
                        calls_tool("read_web", R"({"url":"https://p.example"})", "b")}),
              asks_for({calls_tool("nobody", "{}", "c"), malformed,
                        calls_tool("send_out", R"({"url":"https://x.example"})", "d")}),
              says_text("done")});
  ASSERT_EQ(desk_.asked.size(), 1U);
  expect_same();
}

TEST_F(ReplayTest, APersonWhoSaidNo) {
  turn("go", {asks_for({calls_tool("read_web", "{}", "a")}),
              asks_for({calls_tool("send_out", "{}", "b")}), says_text("then not")});
  ASSERT_EQ(desk_.asked.size(), 1U);
  expect_same();
}

TEST_F(ReplayTest, Failures) {
  turn("one", {test::fails(Errc::unavailable, "the peer is away")});
  expect_same();
}

TEST_F(ReplayTest, FailureAfterText) {
  turn("one", {test::fails(Errc::rate_limited, "slow down", "Once upon")});
  expect_same();
}

TEST_F(ReplayTest, AModelThatIsNotKnown) {
  auto inbound = test::from_owner("m", "hello");
  inbound.model = "nobody/nothing";
  turn(std::move(inbound));
  expect_same();
}

TEST_F(ReplayTest, StoppedWhileItStreamed) {
  on_event_ = [this](const RunEvent& event) {
    if (std::holds_alternative<RunText>(event.what)) stop_.request("rpc");
  };
  turn("hello", {test::holds("half an answer")});
  expect_same();
}

TEST_F(ReplayTest, StoppedBeforeItBegan) {
  stop_.request("stop");
  turn("hello", {});
  expect_same();
}

TEST_F(ReplayTest, StoppedWhileATool) {
  on_event_ = [this](const RunEvent& event) {
    if (std::holds_alternative<RunToolStarted>(event.what))
      loop_.post([this] { stop_.request("stop"); });
  };
  turn("go", {asks_for({calls_tool("wait", "{}", "a"), calls_tool("read_web", "{}", "b")})});
  ASSERT_EQ(results().size(), 2U);
  expect_same();
}

TEST_F(ReplayTest, TooManyRoundsAndRepetitions) {
  settings_.max_model_calls = 5;
  std::vector<test::Says> script;
  for (int i = 0; i < 5; ++i)
    script.push_back(asks_for({calls_tool("lookup", "{}", "c" + std::to_string(i))}));
  turn("go", std::move(script));
  EXPECT_EQ(words().back(), "end:failed");
  expect_same();
}

TEST_F(ReplayTest, RefusalAndEmptyAnswer) {
  test::Says refusal;
  refusal.stop = StopReason::refusal;
  turn("one", {std::move(refusal)});
  expect_same();
}

TEST_F(ReplayTest, AJournalThatIsNoneIsRefused) {
  turn("one", {says_text("ok")});
  auto rows = journal();
  auto cut = rows;
  cut.pop_back();
  EXPECT_EQ(Replay::from(cut, Stop()).error().code, Errc::invalid_request);
  auto broken = rows;
  broken[1].body = "{";
  EXPECT_FALSE(Replay::from(broken, Stop()));
  broken[1].body = "[]";
  EXPECT_FALSE(Replay::from(broken, Stop()));
  broken[1] = rows[1];
  broken[1].kind = "dream";
  EXPECT_FALSE(Replay::from(broken, Stop()));
  EXPECT_FALSE(Replay::from({}, Stop()));
}

TEST_F(ReplayTest, ATurnThatGoesAnotherWayIsNoticed) {
  turn("one", {asks_for({calls_tool("lookup", "{}", "a")}), says_text("ok")});
  auto replay = Replay::from(journal(), Stop());
  ASSERT_TRUE(replay);
  EXPECT_EQ((*replay)->finished().error().code, Errc::conflict);
}

}  // namespace
}  // namespace carapace::agent

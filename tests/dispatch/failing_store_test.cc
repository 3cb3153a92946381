// The store refuses at every step in turn, for a moment and for good: nothing accepted is lost,
// nothing is said twice, the process lives and every accepted message has a visible outcome.
#include <gmock/gmock.h>

#include "dispatch/dispatch_fixture.h"

namespace carapace::dispatch {
namespace {

using test::asks_for;
using test::calls_tool;
using test::from_owner;
using test::says_text;

class FailingStore : public DispatchTest {
 protected:
  void script() {
    model_.script.clear();
    model_.script.push_back(
        asks_for({calls_tool("lookup", "{}", "a"), calls_tool("lookup", R"({"n":2})", "b")}));
    model_.script.push_back(says_text("done"));
    model_.script.push_back(says_text("second done"));
  }
  // Two messages of one session, the second of which waits for the first. Which were accepted?
  std::vector<std::string> two_messages() {
    script();
    std::vector<std::string> accepted;
    for (const std::string id : {"r1", "r2"})
      if (submit(from_owner(id, "say " + id))) accepted.push_back(id);
    quiet();
    return accepted;
  }
  void check(const std::vector<std::string>& accepted, const std::string& step) {
    for (const std::string id : {"r1", "r2"}) {
      const bool taken = std::ranges::find(accepted, id) != accepted.end();
      EXPECT_EQ(said_and_answered(id), taken ? std::pair(1, 1) : std::pair(0, 0))
          << step << ' ' << id;
    }
    for (const auto& id : accepted) EXPECT_NE(state(id), store::RunState::running) << step;
  }
  static constexpr int kSteps = 10;  // more than the transactions of both turns
};

TEST_F(FailingStore, OnceAtEveryStep) {
  for (int step = 1; step <= kSteps; ++step) {
    kill();
    std::filesystem::remove_all(dir_.path());
    std::filesystem::create_directory(dir_.path());
    events_.clear();
    dispatch_.begin_patience_ms = 5'000;
    agent_.store_retries_ms = {1, 1};
    start();
    process_->engine.arm(step, step + 1);
    const auto accepted = two_messages();
    const auto name = "step " + std::to_string(step);
    // A store that is back a moment later leaves nothing for the next start.
    check(accepted, name);
    for (const auto& id : accepted) EXPECT_EQ(ends_of(id), 1) << name;
  }
}

TEST_F(FailingStore, ForGoodFromEveryStepOn) {
  for (int step = 1; step <= kSteps; ++step) {
    kill();
    std::filesystem::remove_all(dir_.path());
    std::filesystem::create_directory(dir_.path());
    events_.clear();
    dispatch_.begin_patience_ms = 0;
    agent_.store_retries_ms = {};
    start();
    process_->engine.arm(step, std::numeric_limits<int>::max());
    const auto accepted = two_messages();
    const auto name = "from step " + std::to_string(step);
    for (const auto& id : accepted)
      EXPECT_EQ(ends_of(id), 1) << name;  // told, as long as the process lives
    const int effects = effects_;
    // The disk has room again and the gateway is started again.
    restart();
    ASSERT_TRUE(run(door().recover())) << name;
    quiet();
    check(accepted, name + " after the restart");
    EXPECT_EQ(effects_, effects) << name;  // no effect is repeated
    EXPECT_EQ(run(door().recover())->interrupted, 0U);
  }
}

TEST_F(FailingStore, NothingIsAcceptedThatIsNotOnDisk) {
  process_->engine.arm(1, 2);
  const auto refused = submit(from_owner("r1", "hello"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_EQ(run(door().wait(RunId("r1"), 1)).error().code, Errc::not_found);
  // The same message again, when there is room.
  EXPECT_EQ(send("r1", "hello").state, Acceptance::State::started);
  EXPECT_EQ(outcome("r1").text, "Echo: hello");
}

TEST_F(FailingStore, AToolWhoseIntentIsNotOnDiskIsNotRun) {
  script();
  process_->engine.arm(3, 4);  // accept, completion, then the first intent
  send("r1", "go");
  EXPECT_EQ(outcome("r1").state, store::RunState::failed);
  EXPECT_EQ(effects_, 0);
  for (const auto& text : texts()) EXPECT_EQ(text.find("Outcome unknown"), std::string::npos);
}

TEST_F(FailingStore, AWaitingMessageOutlastsAFullDisk) {
  kill();
  dispatch_.begin_patience_ms = 60'000;
  start();
  model_.script.push_back(test::holds());
  send("r1", "one");
  send("r2", "two");
  wait_until([&] { return model_.holding == 1; });
  // r1's end is stored, then the disk is full for a while when r2 shall begin.
  process_->engine.arm(2, 5);
  door().abort(SessionKey("agent:main:main"), RunId("r1"), "rpc");
  EXPECT_EQ(outcome("r2").text, "Echo: two");
  EXPECT_EQ(ends_of("r2"), 1);
  EXPECT_GE(process_->engine.count, 5);
}

}  // namespace
}  // namespace carapace::dispatch

// A session's turns run one at a time and in order, whatever is stopped or thrown on the way.
#include "session/lane.h"

#include <map>
#include <set>

#include "async/signal.h"
#include "async/task_group.h"
#include "support/loop_fixture.h"

namespace carapace::session {
namespace {

const SessionKey kA{"agent:main:a"};
const SessionKey kB{"agent:main:b"};

// Turns that last until the test lets them go, or until they are stopped.
class LaneTest : public test::LoopTest {
 protected:
  LaneTest() : group_(loop_, [this](const std::exception_ptr&) { ++failures_; }) {}
  ~LaneTest() override {
    group_.cancel();
    run(group_.join());
  }
  void make(std::size_t per_lane, std::size_t at_once) {
    lanes_ = std::make_unique<Lanes>(
        group_,
        [this](RunId run, Stop stop) { return turn(this, std::move(run), std::move(stop)); },
        per_lane, at_once);
  }
  static Task<void> turn(LaneTest* self, RunId run, Stop stop) {
    self->began_.push_back(run.value);
    self->inside_.insert(run.value);
    self->most_ = std::max(self->most_, self->inside_.size());
    const auto wake = stop.on_stop([self] { self->changed_.notify_all(); });
    while (!self->open_ && !self->let_go_.contains(run.value) && !stop.requested())
      co_await self->changed_.wait();
    self->inside_.erase(run.value);
    self->ended_.push_back(run.value + (stop.requested() ? ":" + stop.reason() : ""));
    self->changed_.notify_all();
    if (run.value == "throws") throw std::runtime_error("a turn that throws");
  }
  // Lets what is ready run.
  void settle() { run(settle_task()); }
  static Task<void> settle_task() {
    for (int i = 0; i < 20; ++i) co_await yield_now();
  }
  void let_go(const std::string& id) {
    let_go_.insert(id);
    changed_.notify_all();
    settle();
  }
  void let_all_go() {
    open_ = true;
    changed_.notify_all();
    settle();
  }

  TaskGroup group_;
  Signal changed_;
  std::unique_ptr<Lanes> lanes_;
  std::vector<std::string> began_, ended_;
  std::set<std::string> inside_, let_go_;
  std::size_t most_ = 0;
  int failures_ = 0;
  bool open_ = false;
};

using Names = std::vector<std::string>;

TEST_F(LaneTest, OneAtATimeAndInOrder) {
  make(50, 64);
  for (const auto* id : {"1", "2", "3"}) lanes_->push(kA, RunId(id));
  settle();
  EXPECT_EQ(began_, Names{"1"});
  EXPECT_FALSE(lanes_->idle(kA));
  let_go("2");  // not its turn yet
  EXPECT_EQ(began_, Names{"1"});
  let_go("1");
  let_go("3");
  EXPECT_EQ(began_, (Names{"1", "2", "3"}));
  EXPECT_EQ(ended_, (Names{"1", "2", "3"}));
  EXPECT_EQ(most_, 1U);
  EXPECT_TRUE(lanes_->idle(kA));
  EXPECT_EQ(lanes_->running(), 0U);
}

TEST_F(LaneTest, SessionsRunTogetherUpToTheBound) {
  make(50, 3);
  for (int i = 0; i < 10; ++i)
    lanes_->push(SessionKey("agent:main:" + std::to_string(i)), RunId(std::to_string(i)));
  settle();
  EXPECT_EQ(lanes_->running(), 3U);
  let_all_go();
  EXPECT_EQ(ended_.size(), 10U);
  EXPECT_EQ(most_, 3U);
}

TEST_F(LaneTest, RoomCountsWhatWaitsAndWhatIsComing) {
  make(2, 64);
  EXPECT_TRUE(lanes_->has_room(kA));
  EXPECT_TRUE(lanes_->has_room(kA, 1));
  EXPECT_FALSE(lanes_->has_room(kA, 2));
  lanes_->push(kA, RunId("1"));
  settle();
  EXPECT_TRUE(lanes_->has_room(kA, 1));  // the running one does not wait
  lanes_->push(kA, RunId("2"));
  lanes_->push(kA, RunId("3"));
  EXPECT_FALSE(lanes_->has_room(kA));
  EXPECT_TRUE(lanes_->has_room(kB));
}

TEST_F(LaneTest, StoppingTheRunningOneLetsTheNextBegin) {
  make(50, 64);
  lanes_->push(kA, RunId("1"));
  lanes_->push(kA, RunId("2"));
  settle();
  EXPECT_EQ(lanes_->stop(kA, RunId("1"), "rpc"), std::vector{RunId("1")});
  settle();
  EXPECT_EQ(ended_, Names{"1:rpc"});
  EXPECT_EQ(began_, (Names{"1", "2"}));
  EXPECT_TRUE(lanes_->stop(kA, RunId("1"), "again").empty());
}

TEST_F(LaneTest, AWaitingOneThatIsStoppedStillReachesItsTurn) {
  make(50, 64);
  lanes_->push(kA, RunId("1"));
  lanes_->push(kA, RunId("2"));
  settle();
  EXPECT_EQ(lanes_->stop(kA, RunId("2"), "stop"), std::vector{RunId("2")});
  EXPECT_TRUE(lanes_->stop(kA, RunId("2"), "twice").empty());
  let_go("1");
  EXPECT_EQ(ended_, (Names{"1", "2:stop"}));
}

TEST_F(LaneTest, AStoppedOneNeedsNoSlot) {
  make(50, 1);
  lanes_->push(kA, RunId("a"));
  lanes_->push(kB, RunId("b"));
  settle();
  EXPECT_EQ(began_, Names{"a"});
  lanes_->stop(kB, RunId(), "rpc");
  settle();
  EXPECT_EQ(ended_, Names{"b:rpc"});
}

TEST_F(LaneTest, StopWithoutARunStopsTheWholeLane) {
  make(50, 64);
  for (const auto* id : {"1", "2", "3"}) lanes_->push(kA, RunId(id));
  lanes_->push(kB, RunId("other"));
  settle();
  EXPECT_EQ(lanes_->stop(kA, RunId(), "rpc").size(), 3U);
  settle();
  EXPECT_EQ(ended_, (Names{"1:rpc", "2:rpc", "3:rpc"}));
  EXPECT_TRUE(lanes_->stop(SessionKey("agent:main:nobody"), RunId(), "rpc").empty());
}

TEST_F(LaneTest, HoldLetsRunningOnesEndAndBeginsNoOther) {
  make(50, 64);
  lanes_->push(kA, RunId("1"));
  lanes_->push(kA, RunId("2"));
  settle();
  lanes_->hold();
  lanes_->push(kB, RunId("late"));
  let_all_go();
  EXPECT_EQ(began_, Names{"1"});
  EXPECT_EQ(ended_, Names{"1"});
  EXPECT_EQ(lanes_->running(), 0U);
}

TEST_F(LaneTest, StopAllAsksRunningOnesAndForgetsWaitingOnes) {
  make(50, 2);
  for (const auto* id : {"1", "2"}) lanes_->push(kA, RunId(id));
  lanes_->push(kB, RunId("3"));
  lanes_->push(SessionKey("agent:main:c"), RunId("4"));  // waits for a slot
  settle();
  lanes_->stop_all("shutdown");
  settle();
  EXPECT_EQ(std::set<std::string>(ended_.begin(), ended_.end()),
            (std::set<std::string>{"1:shutdown", "3:shutdown"}));
  EXPECT_EQ(group_.size(), 0U);
}

TEST_F(LaneTest, ATurnThatThrowsBlocksNobody) {
  make(50, 1);
  lanes_->push(kA, RunId("throws"));
  lanes_->push(kA, RunId("next"));
  lanes_->push(kB, RunId("other"));
  let_all_go();
  EXPECT_EQ(failures_, 1);
  EXPECT_EQ(ended_.size(), 3U);
  EXPECT_TRUE(lanes_->idle(kA));
  EXPECT_EQ(lanes_->running(), 0U);
}

TEST_F(LaneTest, CancellingTheGroupBeginsNothingNew) {
  make(50, 64);
  lanes_->push(kA, RunId("1"));
  lanes_->push(kA, RunId("2"));
  settle();
  group_.cancel();
  run(group_.join());
  EXPECT_EQ(began_, Names{"1"});
  EXPECT_TRUE(ended_.empty());
}

}  // namespace
}  // namespace carapace::session

#include "provider/stack/retry.h"

#include <gtest/gtest.h>

#include <deque>

#include "async/task_group.h"
#include "provider/recording_sink.h"
#include "support/loop_fixture.h"

namespace carapace::provider {
namespace {

struct Step {
  std::string says;  // deltas before the end
  Result<Completion> end;
};

class Scripted final : public Provider {
 public:
  explicit Scripted(std::deque<Step> steps) : steps_(std::move(steps)) {}
  Task<Result<Completion>> complete(const Request&, EventSink& events,
                                    const CallContext&) override {
    ++calls;
    auto step = std::move(steps_.front());
    steps_.pop_front();
    if (!step.says.empty()) events.on_text(step.says);
    co_return std::move(step.end);
  }
  int calls = 0;

 private:
  std::deque<Step> steps_;
};

Step failing(Errc code, std::int64_t after = -1, std::string says = "") {
  return {std::move(says), std::unexpected(Error{code, "x", after})};
}
Step answering() {
  return {"hello",
          Completion{.blocks = {TextBlock{"hello"}}, .usage = {}, .model = {}, .request_id = {}}};
}

class RetryTest : public test::LoopTest {
 protected:
  Result<Completion> call(Provider& inner, RetryPolicy policy = {.first_wait_ms = 1}) {
    const auto retry = make_retry(inner, policy, random_);
    return run(retry->complete(request_, sink_, context_));
  }
  Request request_;
  test::RecordingSink sink_;
  CallContext context_;
};

TEST_F(RetryTest, RepeatsWhatTheWorldBroke) {
  Scripted inner({failing(Errc::unavailable), failing(Errc::rate_limited, 2), answering()});
  EXPECT_TRUE(call(inner));
  EXPECT_EQ(inner.calls, 3);
  EXPECT_EQ(sink_.text, "hello");
}

TEST_F(RetryTest, GivesUpAfterTwo) {
  Scripted inner({failing(Errc::unavailable), failing(Errc::timeout), failing(Errc::unavailable),
                  answering()});
  EXPECT_FALSE(call(inner));
  EXPECT_EQ(inner.calls, 3);
}

TEST_F(RetryTest, NeverAfterADelta) {
  Scripted inner({failing(Errc::unavailable, -1, "half"), answering()});
  EXPECT_FALSE(call(inner));
  EXPECT_EQ(inner.calls, 1);
  EXPECT_EQ(sink_.text, "half");
}

TEST_F(RetryTest, NeverForRefusals) {
  Scripted inner({failing(Errc::budget_exceeded), answering()});
  EXPECT_FALSE(call(inner));
  EXPECT_EQ(inner.calls, 1);
}

Task<void> stop_soon(Stop stop) {
  co_await yield_now();
  stop.request("user");
}

Task<Result<Completion>> call_and_stop(Loop& loop, Provider& provider, const Request& request,
                                       EventSink& sink, const CallContext& context) {
  TaskGroup group(loop, {});
  group.spawn(stop_soon(context.stop));
  auto result = co_await provider.complete(request, sink, context);
  co_await group.join();
  co_return result;
}

TEST_F(RetryTest, AStopEndsTheWaitAtOnce) {
  Scripted inner({failing(Errc::rate_limited, 25'000), answering()});
  const auto retry = make_retry(inner, {}, random_);
  const auto before = std::chrono::steady_clock::now();
  const auto result = run(call_and_stop(loop_, *retry, request_, sink_, context_));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::cancelled);
  EXPECT_EQ(inner.calls, 1);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(10));
}

}  // namespace
}  // namespace carapace::provider

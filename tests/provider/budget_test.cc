// No paid call without money for its worst case; what may have been billed counts.
#include "provider/stack/budget.h"

#include <memory>

#include "async/coro.h"
#include "base/time_text.h"
#include "provider/stack/retry.h"
#include "store/engine.h"
#include "support/loop_fixture.h"
#include "support/temp_dir.h"

namespace carapace::provider {
namespace {

// Streams when told to, then answers or fails.
class Inner final : public Provider {
 public:
  std::string streams;
  bool begins = false;  // without a word
  std::optional<Error> error;
  std::int64_t asked_for = 0;  // output tokens
  Usage usage{100, 50, 0, 0};
  int calls = 0;

  Task<Result<Completion>> complete(const Request& request, EventSink& events,
                                    const CallContext&) override {
    ++calls;
    asked_for = request.max_output_tokens;
    co_await yield_now();
    if (begins) events.on_begin();
    if (!streams.empty()) events.on_text(streams);
    co_await yield_now();
    if (error) co_return std::unexpected(*error);
    Completion completion;
    completion.usage = usage;
    completion.blocks.emplace_back(TextBlock{"fine"});
    co_return completion;
  }
};

class Silent final : public EventSink {
 public:
  void on_begin() override {}
  void on_text(std::string_view) override {}
  void on_thinking(std::string_view) override {}
};

constexpr Price kPrice{1, 2, 0, 0, true};  // one micro per token in, two per token out

class BudgetTest : public test::LoopTest {
 protected:
  BudgetTest() : group_(loop_, nullptr) { open(-1); }
  ~BudgetTest() override { run(group_.join()); }

  void open(std::int64_t cap, Price price = kPrice) {
    run(group_.join());
    budget_.reset();
    ledger_.reset();
    costs_.reset();
    engine_.reset();
    auto opened = store::open_engine({.path = dir_ / "carapace.db", .program_version = "test"});
    ASSERT_TRUE(opened) << opened.error().detail;
    engine_ = std::move(*opened);
    costs_ = std::make_unique<store::Costs>(*engine_);
    ledger_ = std::make_unique<ledger::Ledger>(*costs_, clock_, group_, ledger::Settings{cap});
    budget_ = make_budget(inner_, *ledger_, model(price));
  }
  static ModelInfo model(Price price = kPrice) {
    ModelInfo model;
    model.id = "m";
    model.provider = "fake";
    model.price = price;
    return model;
  }
  static Request request() {
    Request request;
    request.model = "m";
    request.system = std::string(392, 's');  // 102 tokens by the rule
    request.max_output_tokens = 100;
    return request;
  }
  Result<Completion> ask() { return ask(request()); }
  Result<Completion> ask(const Request& asked) {
    Silent sink;
    const CallContext context{RunId("r"), kOwner, "agent:main:main", Stop()};
    auto answer = run(budget_->complete(asked, sink, context));
    run(ledger_->flush());
    return answer;
  }
  store::DaySum today() { return *run(costs_->day(kOwner, utc_day(clock_.wall_ms()))); }
  std::int64_t usage_rows() {
    return *run(
        store::query_for<std::int64_t>(*engine_, [](store::Statements& db) -> Result<std::int64_t> {
          std::int64_t count = 0;
          TRY_STATUS(db.rows("SELECT count(*) FROM usage", {}, [&](const store::Row& row) {
            count = row.integer(0);
            return false;
          }));
          return count;
        }));
  }
  static std::int64_t worst() { return worst_case_micros(request(), model()); }

  test::TempDir dir_;
  TaskGroup group_;
  Inner inner_;
  std::unique_ptr<store::Engine> engine_;
  std::unique_ptr<store::Costs> costs_;
  std::unique_ptr<ledger::Ledger> ledger_;
  std::unique_ptr<Provider> budget_;
};

TEST_F(BudgetTest, TheRealCostReplacesTheWorstCase) {
  const auto answer = ask();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->cost_micros, 200);
  EXPECT_EQ(today().spent_micros, 200);
  EXPECT_EQ(today().reserved_micros, 0);
  EXPECT_EQ(usage_rows(), 1);
}

TEST_F(BudgetTest, NoCallWhenTheWorstCaseDoesNotFit) {
  open(worst() - 1);
  const auto refused = ask();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::budget_exceeded);
  EXPECT_EQ(inner_.calls, 0);
  open(worst());
  EXPECT_TRUE(ask());
  EXPECT_EQ(inner_.calls, 1);
}

TEST_F(BudgetTest, TheWorstCaseTakesTheDearestWayIn) {
  const Price cached{1, 2, 0.1, 1.25, true};
  EXPECT_GT(worst_case_micros(request(), model(cached)), worst());
  // A whole prompt that is written to the cache, and the longest answer, is covered.
  EXPECT_GE(worst_case_micros(request(), model(cached)),
            cost_micros({0, 100, 0, estimate_tokens(request())}, cached));
}

TEST_F(BudgetTest, AModelWithoutAPriceIsCountedWhereNoCapHolds) {
  open(-1, Price{});
  const auto answer = ask();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->cost_micros, 0);
  EXPECT_EQ(usage_rows(), 1);
  EXPECT_EQ(today().spent_micros, 0);
}

TEST_F(BudgetTest, AModelWithoutAPriceDoesNotPassACap) {
  open(1'000'000'000, Price{});
  const auto refused = ask();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::budget_exceeded);
  EXPECT_NE(refused.error().detail.find("models.providers.fake.models"), std::string::npos)
      << "the key to set is named: " << refused.error().detail;
  EXPECT_EQ(inner_.calls, 0);
}

TEST_F(BudgetTest, WhatCostsNothingPassesEveryCap) {
  open(0, Price{.known = true});
  EXPECT_TRUE(ask());
  EXPECT_EQ(usage_rows(), 1);
}

TEST_F(BudgetTest, TheAnswerShrinksToWhatTheCapLeaves) {
  auto long_one = request();
  long_one.max_output_tokens = 64'000;
  open(10'000);  // far less than the longest answer costs
  inner_.usage = {102, 4'000, 0, 0};
  ASSERT_TRUE(ask(long_one));
  EXPECT_GE(inner_.asked_for, 4'900);
  EXPECT_LT(inner_.asked_for, 5'000);
  EXPECT_EQ(today().spent_micros, 8'102);
  // What is left now pays for no answer of use.
  EXPECT_EQ(ask(long_one).error().code, Errc::budget_exceeded);
  EXPECT_EQ(inner_.calls, 1);
}

TEST_F(BudgetTest, ThinkingOnTopOfTheAnswerIsPaidFor) {
  auto thinking = request();
  thinking.thinking = Thinking::high;
  auto budgeted = model();
  budgeted.max_output = 64'000;
  EXPECT_EQ(worst_case_micros(thinking, budgeted) - worst_case_micros(request(), budgeted),
            2 * 16'384);
  budgeted.style = ThinkingStyle::adaptive;  // thinks within the limit
  EXPECT_EQ(worst_case_micros(thinking, budgeted), worst_case_micros(request(), budgeted));
}

TEST_F(BudgetTest, ATokenCountThatIsMissingIsGuessed) {
  inner_.usage = {};
  const auto answer = ask();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->usage.input, estimate_tokens(request()));
  EXPECT_GT(answer->usage.output, 0);
  EXPECT_GT(today().spent_micros, 102);
}

TEST_F(BudgetTest, LongPromptsAreDearer) {
  const Price tiers{.input = 1, .output = 2, .known = true, .long_from = 100, .long_factor = 5};
  EXPECT_EQ(cost_micros({60, 10, 20, 20}, tiers), 60 + 20);
  EXPECT_EQ(cost_micros({61, 10, 20, 20}, tiers), 5 * (61 + 20));
}

TEST_F(BudgetTest, ARefusedRequestCostsNothing) {
  for (const auto code :
       {Errc::invalid_request, Errc::unauthorized, Errc::rate_limited, Errc::unavailable}) {
    inner_.error = Error{code, "no"};
    EXPECT_EQ(ask().error().code, code);
  }
  EXPECT_EQ(today().spent_micros, 0);
  EXPECT_EQ(today().reserved_micros, 0);
}

TEST_F(BudgetTest, WhatStreamedAndThenFailedIsBilledAtItsWorst) {
  inner_.streams = "half an ans";
  inner_.error = Error{Errc::unavailable, "reset"};
  EXPECT_FALSE(ask());
  EXPECT_EQ(today().spent_micros, worst());
  EXPECT_EQ(today().reserved_micros, 0);
}

TEST_F(BudgetTest, AToolCallThatWasCutIsBilledAlthoughNobodySawIt) {
  inner_.begins = true;
  inner_.error = Error{Errc::unavailable, "reset"};
  EXPECT_FALSE(ask());
  EXPECT_EQ(today().spent_micros, worst());
}

TEST_F(BudgetTest, EveryAttemptPays) {
  test::FixedRandom random;
  const auto retry = make_retry(*budget_, {.first_wait_ms = 1}, random);
  inner_.begins = true;
  inner_.error = Error{Errc::unavailable, "reset"};
  Silent sink;
  const CallContext context{RunId("r"), kOwner, "k", Stop()};
  const auto asked = request();
  EXPECT_FALSE(run(retry->complete(asked, sink, context)));
  run(ledger_->flush());
  EXPECT_EQ(inner_.calls, 3);
  EXPECT_EQ(today().spent_micros, 3 * worst());
  open(4 * worst());  // the fourth and a half does not fit
  const auto capped = make_retry(*budget_, {.first_wait_ms = 1}, random);
  EXPECT_EQ(run(capped->complete(asked, sink, context)).error().code, Errc::budget_exceeded);
  EXPECT_EQ(inner_.calls, 4);
}

TEST_F(BudgetTest, WhatWeGaveUpOnMayHaveBeenBilled) {
  for (const auto code : {Errc::cancelled, Errc::timeout}) {
    inner_.error = Error{code, "gone"};
    EXPECT_FALSE(ask());
  }
  EXPECT_EQ(today().spent_micros, 2 * worst());
}

Task<void> one_call(Provider* provider, Request request, int* done) {
  Silent sink;
  const CallContext context{RunId("r"), kOwner, "k", Stop()};
  const auto answer = co_await provider->complete(request, sink, context);
  if (answer) ++*done;
}

TEST_F(BudgetTest, FiftyRunsAtOnceStayUnderTheCap) {
  const std::int64_t cap = worst() * 7 + worst() / 2;
  open(cap);
  inner_.usage = {102, 100, 0, 0};
  int done = 0;
  for (int i = 0; i < 50; ++i) group_.spawn(one_call(budget_.get(), request(), &done));
  run(group_.join());
  run(ledger_->flush());
  EXPECT_EQ(done, inner_.calls);
  EXPECT_GE(done, 7);
  EXPECT_LE(today().spent_micros, cap);
  EXPECT_EQ(today().spent_micros, done * cost_micros(inner_.usage, kPrice));
}

TEST(EstimateTokens, CountsEverythingThatIsSent) {
  Request request;
  const auto empty = estimate_tokens(request);
  request.system = std::string(400, 'x');
  const auto with_system = estimate_tokens(request);
  EXPECT_EQ(with_system - empty, 100);
  Message message;
  message.blocks = {TextBlock{std::string(400, 'x')}, ImageBlock{"image/png", "AAAA"}};
  request.messages = {message};
  EXPECT_EQ(estimate_tokens(request) - with_system, 104 + 2'000);
  request.tools.push_back({"t", std::string(400, 'd'), std::string(400, 's')});
  EXPECT_GE(estimate_tokens(request) - with_system, 104 + 2'000 + 200);
}

}  // namespace
}  // namespace carapace::provider

// What the model is given: whole turns that fit, a word about what does not, and a prompt that
// caches hit.
#include "agent/prompt.h"

#include <gmock/gmock.h>

#include "agent/agent_fixture.h"

namespace carapace::agent {
namespace {

using ::testing::HasSubstr;

Message says(Role role, std::string text) {
  Message message;
  message.role = role;
  message.blocks.emplace_back(TextBlock{std::move(text)});
  if (role == Role::assistant) message.origin.emplace();
  return message;
}

// Turns of a user message, a call, its result and an answer; each about 4 × 108 tokens.
std::vector<Message> conversation(int turns) {
  std::vector<Message> all;
  for (int i = 0; i < turns; ++i) {
    const auto words = std::to_string(i) + std::string(400, 'w');
    all.push_back(says(Role::user, "q" + words));
    all.push_back(says(Role::assistant, "c" + words));
    all.push_back(says(Role::tool, "r" + words));
    all.push_back(says(Role::assistant, "a" + words));
  }
  return all;
}

TEST(SelectHistory, EverythingThatFits) {
  const auto history = select_history(conversation(3), 100'000);
  EXPECT_EQ(history.left_out, 0U);
  EXPECT_EQ(history.messages, conversation(3));
}

TEST(SelectHistory, KeepsWholeTurnsAndSaysWhatIsMissing) {
  const auto history = select_history(conversation(10), 3 * 440);
  EXPECT_EQ(history.left_out, 28U);
  ASSERT_EQ(history.messages.size(), 13U);
  EXPECT_THAT(text_of(history.messages[0]), HasSubstr("[28 earlier messages"));
  EXPECT_EQ(history.messages[0].role, Role::user);
  EXPECT_EQ(history.messages[1], conversation(10)[28]);
  EXPECT_EQ(history.messages.back(), conversation(10).back());
}

TEST(SelectHistory, TheLastTurnIsAlwaysThere) {
  const auto history = select_history(conversation(2), 1);
  EXPECT_EQ(history.left_out, 4U);
  EXPECT_EQ(history.messages.size(), 5U);
}

TEST(SelectHistory, WhatWasNotLoadedIsCounted) {
  auto all = conversation(3);
  all.erase(all.begin());  // the loaded part begins in the middle of a turn
  const auto history = select_history(std::move(all), 100'000, 1'001);
  EXPECT_EQ(history.left_out, 1'004U);
  EXPECT_THAT(text_of(history.messages[0]), HasSubstr("[1004 earlier messages"));
  EXPECT_EQ(history.messages[1].role, Role::user);
  EXPECT_EQ(history.messages.size(), 9U);
}

TEST(SelectHistory, ATranscriptThatBeginsWithoutAUserIsKept) {
  auto all = conversation(2);
  all.erase(all.begin());
  EXPECT_EQ(select_history(std::move(all), 100'000).messages.size(), 7U);
}

TEST(SelectHistory, CommandsAreNotForTheModel) {
  auto all = conversation(1);
  for (const auto* id : {"c1", "c2"}) {
    all.push_back(says(Role::user, "/status"));
    all.push_back(says(Role::assistant, "the house's answer"));
    all.back().origin->stop = StopReason::injected;
    all[all.size() - 2].run = all.back().run = RunId(id);
  }
  // A note that a client put there belongs to no run: it is for the model.
  all.push_back(says(Role::assistant, "a note"));
  all.back().origin->stop = StopReason::injected;
  const auto history = select_history(std::move(all), 100'000);
  ASSERT_EQ(history.messages.size(), 5U);
  EXPECT_EQ(history.left_out, 0U);
  EXPECT_EQ(text_of(history.messages[4]), "a note");
}

TEST(SelectHistory, ReportsForPeopleAreNotForTheModel) {
  auto all = conversation(1);
  for (const auto stop : {StopReason::error, StopReason::interrupted, StopReason::aborted}) {
    all.push_back(says(Role::assistant, std::string(to_text(stop))));
    all.back().origin->stop = stop;
  }
  const auto history = select_history(std::move(all), 100'000);
  ASSERT_EQ(history.messages.size(), 5U);
  EXPECT_EQ(text_of(history.messages.back()), "aborted");
}

TEST(SelectHistory, NothingAtAll) { EXPECT_TRUE(select_history({}, 10).messages.empty()); }

TEST(SystemPrompt, HasNoClockAndNoCounter) {
  PromptFacts facts;
  facts.agent = AgentId("main");
  facts.model = "fake/m";
  facts.time_zone = "Europe/Vienna";
  const auto once = system_prompt(facts, {});
  EXPECT_EQ(once, system_prompt(facts, {}));
  EXPECT_THAT(once, HasSubstr("Europe/Vienna"));
  EXPECT_THAT(once, HasSubstr("thinking=off"));
  EXPECT_EQ(once.find("Tooling"), std::string::npos);
}

TEST(ThinkingFrom, KnowsItsLevels) {
  provider::ModelInfo model;
  EXPECT_EQ(thinking_level("", model), "");
  model.reasoning = true;
  EXPECT_EQ(thinking_level("", model), "low") << "where nobody chose";
  EXPECT_EQ(thinking_level("off", model), "off");
  EXPECT_EQ(thinking_from("off"), provider::Thinking::off);
  EXPECT_EQ(thinking_from("xhigh"), provider::Thinking::xhigh);
  EXPECT_EQ(thinking_from("medium"), provider::Thinking::medium);
  for (const std::string_view text : {"", "High", "ultra", " low"})
    EXPECT_EQ(thinking_from(text), provider::Thinking::off) << text;
}

TEST(BuildRequest, AsksForThinkingOnlyWhereThereIsAny) {
  provider::ModelInfo model;
  model.id = "m";
  EXPECT_EQ(build_request(model, "s", {}, {}, {}).max_output_tokens, model.max_output);
  auto narrow = model;
  narrow.context_window = 10'000;
  narrow.max_output = 8'192;
  const auto full = build_request(narrow, std::string(16'000, 's'), {}, {}, {});
  EXPECT_LE(full.max_output_tokens + 4'000, 10'000) << "prompt and answer share the window";
  EXPECT_GE(full.max_output_tokens, 1'024);
  EXPECT_EQ(build_request(model, "s", {}, {}, provider::Thinking::high).thinking,
            provider::Thinking::off);
  model.reasoning = true;
  EXPECT_EQ(build_request(model, "s", {}, {}, provider::Thinking::high).thinking,
            provider::Thinking::high);
}

// Counts how many rows a query hands over.
class CountingEngine final : public store::Engine {
 public:
  explicit CountingEngine(store::Engine& inner) : inner_(inner) {}
  std::shared_ptr<std::atomic<std::int64_t>> rows = std::make_shared<std::atomic<std::int64_t>>(0);

  Task<Status> transact(std::move_only_function<Status(store::Statements&)> body) override {
    return inner_.transact(std::move(body));
  }
  Task<Status> query(std::move_only_function<Status(store::Statements&)> body) override {
    return inner_.query([count = rows, body = std::move(body)](store::Statements& db) mutable {
      Counting counting(db, *count);
      return body(counting);
    });
  }

 private:
  class Counting final : public store::Statements {
   public:
    Counting(store::Statements& inner, std::atomic<std::int64_t>& rows)
        : inner_(inner), rows_(rows) {}
    Result<std::int64_t> run(std::string_view sql,
                             std::initializer_list<store::Param> params) override {
      return inner_.run(sql, params);
    }
    Status rows(std::string_view sql, std::initializer_list<store::Param> params,
                const std::function<bool(const store::Row&)>& each) override {
      return inner_.rows(sql, params, [&](const store::Row& row) {
        ++rows_;
        return each(row);
      });
    }
    std::int64_t last_row_id() const override { return inner_.last_row_id(); }

   private:
    store::Statements& inner_;
    std::atomic<std::int64_t>& rows_;
  };
  store::Engine& inner_;
};

class HistoryCost : public AgentTest {
 protected:
  // Rows that one turn reads when the transcript holds `messages` of about `bytes` each.
  std::int64_t rows_read(int messages, std::size_t bytes) {
    const auto filler = accept(test::from_owner("filler-" + std::to_string(messages), "first"));
    std::vector<Message> all;
    for (int i = 0; i < messages; ++i)
      all.push_back(says(i % 2 == 0 ? Role::user : Role::assistant, std::string(bytes, 'x')));
    EXPECT_TRUE(run(rows_.runs.append(filler.id, std::move(all), {})));
    CountingEngine counting(*engine_);
    test::Rows counted(counting);
    tool::Registry none{std::vector<tool::Registry::Entry>{}};
    TurnRunner runner(Ports{loop_, clock_, random_, counted.runs, counted.sessions,
                            counted.transcripts, router_, none, desk_, [](const RunEvent&) {}},
                      settings_);
    const auto row = accept(test::from_owner("measured-" + std::to_string(messages), "again"));
    const auto before = counting.rows->load();
    run(runner.run(row, Stop()));
    EXPECT_EQ((*run(rows_.runs.find(row.id)))->state, store::RunState::done);
    return -before + counting.rows->load();
  }
};

TEST_F(HistoryCost, OfALongTranscriptOnlyTheEndIsRead) {
  router_.info.context_window = 20'000;
  router_.info.max_output = 4'000;
  const auto short_one = rows_read(10, 1'000);
  EXPECT_GE(short_one, 12);
  EXPECT_LE(short_one, 20);
  const auto long_one = rows_read(10'000, 1'000);
  EXPECT_LE(long_one, 220);  // one load of 200, and the session
  const auto& request = model_.seen.back();
  EXPECT_LT(request.messages.size(), 80U);
  EXPECT_THAT(text_of(request.messages.front()),
              HasSubstr("earlier messages of this conversation"));
}

}  // namespace
}  // namespace carapace::agent

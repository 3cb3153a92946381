// One turn over the real store with a scripted model: accepts a message, runs its turn, and shows
// what came out.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/turn_fixture.h"

namespace carapace::agent {

// A desk that has its answer ready.
class ReadyDesk final : public tool::ApprovalDesk {
 public:
  tool::Decision answer = tool::Decision::deny;
  std::vector<tool::Question> asked;
  Task<tool::Decision> ask(tool::Question question, Stop) override {
    asked.push_back(std::move(question));
    co_await yield_now();
    co_return answer;
  }
};

// Later at every look, so that nobody gets away with reading it twice.
class TickingClock final : public Clock {
 public:
  std::int64_t wall_ms() const override { return ++now_; }
  std::int64_t steady_ms() const override { return now_; }
  void advance(std::int64_t ms) { now_ += ms; }

 private:
  mutable std::int64_t now_ = 1'769'508'000'000;
};

class AgentTest : public test::LoopTest {
 protected:
  AgentTest() : engine_(test::open_store(dir_)), rows_(*engine_), router_(model_) {
    settings_.host = "host";
    settings_.os = "linux";
    settings_.version = "1";
    settings_.time_zone = "UTC";
    settings_.store_retries_ms = {1};
    add(test::kLookup, [](const ToolCall& call, const tool::Context&) {
      return test::returns("found " + call.arguments);
    });
  }

  void add(const tool::Spec& spec, test::FakeTool::Answer answer, bool hold = false) {
    entries_.push_back({&spec, std::make_unique<test::FakeTool>(std::move(answer), hold)});
  }
  TurnRunner& runner() {
    if (!registry_) {
      registry_ = std::make_unique<tool::Registry>(std::move(entries_));
      runner_ = std::make_unique<TurnRunner>(
          Ports{loop_, clock_, random_, rows_.runs, rows_.sessions, rows_.transcripts, router_,
                *registry_, desk_, [this](RunEvent event) { published(std::move(event)); }},
          settings_);
    }
    return *runner_;
  }
  void published(RunEvent event) {
    events_.push_back(std::move(event));
    if (on_event_) on_event_(events_.back());
  }
  store::RunRow accept(Inbound inbound) {
    auto accepted = run(rows_.runs.accept(std::move(inbound), SessionKey("agent:main:main"),
                                          SessionId(uuid_v4(random_)), clock_.wall_ms(), true));
    EXPECT_TRUE(accepted) << accepted.error().detail;
    return accepted->run;
  }
  // The whole turn of one message.
  void turn(Inbound inbound) {
    auto row = accept(std::move(inbound));
    last_ = row;
    events_.clear();
    run(runner().run(std::move(row), stop_));
  }
  void turn(std::string text, std::vector<test::Says> script) {
    for (auto& says : script) model_.script.push_back(std::move(says));
    turn(test::from_owner("run-" + std::to_string(++count_), std::move(text)));
  }

  std::vector<std::string> words() const {
    std::vector<std::string> words;
    for (const auto& event : events_) words.push_back(test::word_of(event));
    return words;
  }
  const RunEnded& ended() const { return std::get<RunEnded>(events_.back().what); }
  std::vector<store::StoredMessage> stored() {
    return *run(rows_.transcripts.tail(last_.session, 0));
  }
  std::vector<Message> transcript() {
    std::vector<Message> messages;
    for (auto& item : stored()) messages.push_back(std::move(item.message));
    return messages;
  }
  Message last_message() { return transcript().back(); }
  // Text of the results of tools, oldest first.
  std::vector<ToolResult> results() {
    std::vector<ToolResult> found;
    for (const auto& message : transcript())
      for (const auto& block : message.blocks)
        if (const auto* result = std::get_if<ToolResult>(&block)) found.push_back(*result);
    return found;
  }
  std::vector<store::JournalRow> journal() { return *run(rows_.runs.journal(last_.id)); }
  std::vector<std::string> journal_kinds() {
    std::vector<std::string> kinds;
    for (const auto& row : journal()) kinds.push_back(row.kind);
    return kinds;
  }
  store::RunState state() { return (*run(rows_.runs.find(last_.id)))->state; }

  // Holds after every turn: one beginning, one end, nothing after it; one answer in the transcript.
  void expect_one_end() {
    ASSERT_FALSE(events_.empty());
    const auto all = words();
    EXPECT_EQ(all.front(), "started");
    EXPECT_EQ(std::ranges::count_if(
                  all, [](const std::string& word) { return word.starts_with("end:"); }),
              1);
    EXPECT_TRUE(all.back().starts_with("end:"));
    const auto messages = transcript();
    const auto finals = std::ranges::count_if(messages, [this](const Message& message) {
      return message.run == last_.id && message.role == Role::assistant &&
             tool_calls_of(message).empty();
    });
    EXPECT_EQ(finals, 1);
    EXPECT_FALSE(text_of(messages.back()).empty());
  }

  TickingClock clock_;
  test::TempDir dir_;
  std::unique_ptr<store::Engine> engine_;
  test::Rows rows_;
  test::ScriptedModel model_;
  test::ScriptedRouter router_;
  ReadyDesk desk_;
  Settings settings_;
  std::vector<tool::Registry::Entry> entries_;
  std::unique_ptr<tool::Registry> registry_;
  std::unique_ptr<TurnRunner> runner_;
  Stop stop_;
  std::vector<RunEvent> events_;
  std::function<void(const RunEvent&)> on_event_;
  store::RunRow last_;
  int count_ = 0;
};

}  // namespace carapace::agent

// A gateway without faces that can be killed and started again on the same store: door, desk, turn,
// scripted model and tools, and a store that fails when told to.
#pragma once

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dispatch/desk.h"
#include "dispatch/dispatcher.h"
#include "support/turn_fixture.h"

namespace carapace::dispatch {

// Refuses the transactions [first, last), counted from 1 since `arm`, as a full disk does.
class FaultyEngine final : public store::Engine {
 public:
  explicit FaultyEngine(store::Engine& inner) : inner_(inner) {}
  void arm(int first, int last) {
    first_ = first;
    last_ = last;
    count = 0;
  }
  Task<Status> transact(std::move_only_function<Status(store::Statements&)> body) override {
    ++count;
    if (count < first_ || count >= last_) return inner_.transact(std::move(body));
    return refuse();
  }
  Task<Status> query(std::move_only_function<Status(store::Statements&)> body) override {
    return inner_.query(std::move(body));
  }
  int count = 0;

 private:
  static Task<Status> refuse() {
    co_await yield_now();
    co_return fail(Errc::unavailable, "the disk is full");
  }
  store::Engine& inner_;
  int first_ = 0;
  int last_ = 0;
};

// Everything that dies with the process.
struct Process {
  std::unique_ptr<store::Engine> store;
  FaultyEngine engine;
  test::Rows rows;
  test::ScriptedRouter router;
  tool::Registry tools;
  TaskGroup group;
  Fanout fanout;
  Desk desk;
  agent::TurnRunner runner;
  Dispatcher dispatcher;

  Process(Loop& loop, const Clock& clock, Random& random, const test::TempDir& dir,
          provider::Provider& model, std::vector<tool::Registry::Entry> entries,
          const agent::Settings& settings, const DispatchSettings& dispatch,
          std::int64_t patience_ms)
      : store(test::open_store(dir)),
        engine(*store),
        rows(engine),
        router(model),
        tools(std::move(entries)),
        group(loop, nullptr),
        desk(rows.approvals, clock, random, patience_ms),
        runner({loop, clock, random, rows.runs, rows.sessions, rows.transcripts, router, tools,
                desk, [this](RunEvent event) { fanout.publish(std::move(event)); }},
               settings),
        dispatcher({group, clock, random, rows.runs, rows.transcripts, runner, fanout}, dispatch) {}
};

class DispatchTest : public test::LoopTest {
 public:
  ~DispatchTest() override { kill(); }

 protected:
  DispatchTest() {
    agent_.store_retries_ms = {};
    dispatch_.begin_patience_ms = 0;
    start();
  }

  void start() {
    std::vector<tool::Registry::Entry> entries;
    entries.push_back({&test::kLookup, fake([this](auto&&...) {
                         ++effects_;
                         return test::returns("found");
                       })});
    entries.push_back(
        {&test::kWait, fake([](auto&&...) { return test::returns("waited"); }, true)});
    entries.push_back(
        {&test::kReadWeb, fake([](auto&&...) { return test::returns("a strange page"); })});
    entries.push_back({&test::kSendOut, fake([this](auto&&...) {
                         ++effects_;
                         return test::returns("sent");
                       })});
    process_ = std::make_unique<Process>(loop_, real_clock_, random_, dir_, model_,
                                         std::move(entries), agent_, dispatch_, patience_ms_);
    process_->fanout.add_reader([this](const RunEvent& event) { events_.push_back(event); });
  }
  // The process dies: nothing more is written, all that ran is gone.
  void kill() {
    process_->group.cancel();
    run(process_->group.join());
    process_.reset();
  }
  void restart() {
    kill();
    model_.script.clear();
    start();
  }
  static std::unique_ptr<tool::Tool> fake(test::FakeTool::Answer answer, bool hold = false) {
    return std::make_unique<test::FakeTool>(std::move(answer), hold);
  }

  Dispatcher& door() { return process_->dispatcher; }
  test::Rows& rows() { return process_->rows; }
  Result<Acceptance> submit(Inbound inbound) { return run(door().submit(std::move(inbound))); }
  Acceptance send(std::string id, std::string text, std::string key = "main") {
    auto accepted = submit(test::from_owner(std::move(id), std::move(text), std::move(key)));
    EXPECT_TRUE(accepted) << accepted.error().detail;
    return accepted ? *accepted : Acceptance{};
  }
  Outcome outcome(const std::string& id) {
    const auto ended = run(door().wait(RunId(id), 30'000));
    EXPECT_TRUE(ended && *ended) << id;
    return ended && *ended ? **ended : Outcome{};
  }
  template <typename Condition>
  void wait_until(Condition condition) {
    run(test::until(std::move(condition)));
  }
  void quiet() { run(process_->group.join()); }

  std::vector<Message> transcript(const std::string& key = "agent:main:main") {
    std::vector<Message> messages;
    const auto session = *run(rows().sessions.find(SessionKey(key), PrincipalId()));
    if (!session) return messages;
    for (auto& item : *run(rows().transcripts.tail(session->id, 0)))
      messages.push_back(std::move(item.message));
    return messages;
  }
  std::vector<std::string> texts(const std::string& key = "agent:main:main") {
    std::vector<std::string> texts;
    for (const auto& message : transcript(key)) {
      std::string text = text_of(message);
      for (const auto& block : message.blocks)
        if (const auto* result = std::get_if<ToolResult>(&block)) text += result->text;
      texts.push_back(text);
    }
    return texts;
  }
  store::RunState state(const std::string& id) {
    const auto row = *run(rows().runs.find(RunId(id)));
    EXPECT_TRUE(row) << id;
    return row ? row->state : store::RunState::accepted;
  }
  int ends_of(const std::string& id) const {
    return static_cast<int>(std::ranges::count_if(events_, [&](const RunEvent& event) {
      return event.run.value == id && std::holds_alternative<RunEnded>(event.what);
    }));
  }
  // Of one run: how often its words and how often a final answer stand in the transcript.
  std::pair<int, int> said_and_answered(const std::string& id,
                                        const std::string& key = "agent:main:main") {
    int said = 0, answered = 0;
    for (const auto& message : transcript(key)) {
      if (message.run.value != id) continue;
      if (message.role == Role::user) ++said;
      if (message.role == Role::assistant && tool_calls_of(message).empty()) ++answered;
    }
    return {said, answered};
  }

  SystemClock real_clock_;
  test::TempDir dir_;
  test::ScriptedModel model_;
  agent::Settings agent_;
  DispatchSettings dispatch_;
  std::int64_t patience_ms_ = 600'000;
  std::unique_ptr<Process> process_;
  std::vector<RunEvent> events_;
  int effects_ = 0;
};

}  // namespace carapace::dispatch

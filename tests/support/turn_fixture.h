// A turn without a network: a model that says what the test wrote down, tools that do what the test
// says, the real store in a folder of its own, and everything that was published. Header only; loop
// thread.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "agent/turn.h"
#include "async/coro.h"
#include "async/signal.h"
#include "async/task_group.h"
#include "store/approvals.h"
#include "store/costs.h"
#include "store/engine.h"
#include "store/runs.h"
#include "store/sessions.h"
#include "store/transcripts.h"
#include "support/loop_fixture.h"
#include "support/temp_dir.h"

namespace carapace::test {

// What the model does at one call: streams thinking and text (in two deltas each), then completes,
// fails, throws, or holds until it is stopped.
struct Says {
  std::string text = {};
  std::string thinking = {};
  std::vector<ToolCall> calls = {};
  StopReason stop = StopReason::stop;
  std::optional<Error> error = {};
  bool hold = false;
  bool throws = false;
  Usage usage{10, 5, 0, 0};
};

inline ToolCall calls_tool(std::string name, std::string arguments = "{}", std::string id = "") {
  if (id.empty()) id = "call_" + name;
  return {ToolCallId(std::move(id)), std::move(name), std::move(arguments), false};
}
inline Says asks_for(std::vector<ToolCall> calls) {
  Says says;
  says.calls = std::move(calls);
  says.stop = StopReason::tool_use;
  return says;
}
inline Says says_text(std::string text) {
  Says says;
  says.text = std::move(text);
  return says;
}
inline Says holds(std::string text = {}) {
  auto says = says_text(std::move(text));
  says.hold = true;
  return says;
}
inline Says fails(Errc code, std::string detail, std::string text = {}) {
  auto says = says_text(std::move(text));
  says.error = Error{code, std::move(detail)};
  return says;
}

// Waits, without a clock, until the condition holds; the loop's watchdog ends a test that waits for
// ever.
template <typename Condition>
Task<void> until(Condition condition) {
  while (!condition()) co_await sleep_for(std::chrono::milliseconds(1));
}

// Answers from the script; when it is used up, repeats the request's last words.
class ScriptedModel final : public provider::Provider {
 public:
  std::deque<Says> script;
  std::vector<provider::Request> seen;
  std::size_t holding = 0;  // calls that stream nothing more and wait

  Task<Result<provider::Completion>> complete(const provider::Request& request,
                                              provider::EventSink& events,
                                              const provider::CallContext& context) override {
    seen.push_back(request);
    Says says =
        says_text("Echo: " + (request.messages.empty() ? "" : text_of(request.messages.back())));
    if (!script.empty()) {
      says = std::move(script.front());
      script.pop_front();
    }
    stream(says.thinking, [&events](std::string_view part) { events.on_thinking(part); });
    co_await yield_now();
    stream(says.text, [&events](std::string_view part) { events.on_text(part); });
    co_await yield_now();
    if (says.throws) throw std::runtime_error("the model's code is broken");
    if (says.hold) {
      ++holding;
      Signal stopped;
      const auto wake = context.stop.on_stop([&stopped] { stopped.notify_all(); });
      while (!context.stop.requested()) co_await stopped.wait();
      --holding;
      co_return fail(Errc::cancelled, context.stop.reason());
    }
    if (says.error) co_return std::unexpected(*says.error);
    co_return completion_of(std::move(says));
  }

 private:
  template <typename Tell>
  static void stream(const std::string& text, Tell tell) {
    const auto half = text.size() / 2;
    if (half > 0) tell(std::string_view(text).substr(0, half));
    if (!text.empty()) tell(std::string_view(text).substr(half));
  }
  static provider::Completion completion_of(Says says) {
    provider::Completion completion;
    if (!says.thinking.empty())
      completion.blocks.emplace_back(ThinkingBlock{says.thinking, "signature", false});
    if (!says.text.empty()) completion.blocks.emplace_back(TextBlock{says.text});
    for (auto& call : says.calls) completion.blocks.emplace_back(std::move(call));
    completion.usage = says.usage;
    completion.stop = says.stop;
    completion.model = "scripted-1";
    return completion;
  }
};

class ScriptedRouter final : public provider::Router {
 public:
  explicit ScriptedRouter(provider::Provider& model) : model_(model) {
    spec_.id = "fake";
    spec_.api = "fake-wire";
    info.id = "scripted";
    info.provider = "fake";
    info.reasoning = true;
    choice_.model = {"fake", "scripted"};
  }
  Result<provider::Route> route(std::string_view reference) override {
    if (!reference.empty() && reference != "fake/scripted")
      return fail(Errc::not_found, "no model '{}'", reference);
    return provider::Route{&model_, &spec_, info};
  }
  std::vector<provider::ModelInfo> models() const override { return {info}; }
  const provider::Choice& choice() const override { return choice_; }

  provider::ModelInfo info;

 private:
  provider::Provider& model_;
  provider::Spec spec_;
  provider::Choice choice_;
};

// Calls what the test gave; `hold` makes it wait for its stop first.
class FakeTool final : public tool::Tool {
 public:
  using Answer = std::function<tool::Outcome(const ToolCall&, const tool::Context&)>;
  explicit FakeTool(Answer answer, bool hold = false) : answer_(std::move(answer)), hold_(hold) {}
  Task<tool::Outcome> call(const ToolCall& call, const tool::Context& context) override {
    co_await yield_now();
    if (hold_) {
      Signal stopped;
      const auto wake = context.stop.on_stop([&stopped] { stopped.notify_all(); });
      while (!context.stop.requested()) co_await stopped.wait();
    }
    co_return answer_(call, context);
  }

 private:
  Answer answer_;
  bool hold_;
};

inline tool::Outcome returns(std::string text) {
  return {std::move(text), {}, false, {Integrity::owner, Confidentiality::open}};
}

// The rows of the tools that tests know.
inline constexpr std::string_view kAnyObject = R"({"type":"object","properties":{}})";
inline constexpr tool::Spec kLookup{
    .name = "lookup", .summary = "looks up", .description = "d", .schema = kAnyObject};
inline constexpr tool::Spec kWait{
    .name = "wait", .summary = "waits", .description = "d", .schema = kAnyObject};
inline constexpr tool::Spec kReadWeb{.name = "read_web",
                                     .summary = "reads",
                                     .description = "d",
                                     .schema = kAnyObject,
                                     .reads_untrusted = true,
                                     .destination_argument = "url"};
inline constexpr tool::Spec kSendOut{.name = "send_out",
                                     .summary = "sends",
                                     .description = "d",
                                     .schema = kAnyObject,
                                     .sends = true,
                                     .destination_argument = "url"};

// Repositories over one engine.
struct Rows {
  explicit Rows(store::Engine& engine)
      : sessions(engine), transcripts(engine), runs(engine), costs(engine), approvals(engine) {}
  store::Sessions sessions;
  store::Transcripts transcripts;
  store::Runs runs;
  store::Costs costs;
  store::Approvals approvals;
};

inline std::unique_ptr<store::Engine> open_store(const TempDir& dir) {
  auto opened = store::open_engine({.path = dir / "carapace.db", .program_version = "test"});
  if (!opened) throw std::runtime_error(opened.error().detail);
  return std::move(*opened);
}

inline Inbound from_owner(std::string run, std::string text, std::string key = "main") {
  Inbound inbound;
  inbound.channel = "webchat";
  inbound.principal = kOwner;
  inbound.session_key = std::move(key);
  inbound.text = std::move(text);
  inbound.run = RunId(std::move(run));
  return inbound;
}

// One word per event, in order: "started", "text:…", "thinking:…", "tool:…", "result:…",
// "end:done".
inline std::string word_of(const RunEvent& event) {
  struct Word {
    std::string operator()(const RunStarted&) const { return "started"; }
    std::string operator()(const RunText& it) const { return "text:" + it.delta; }
    std::string operator()(const RunThinking& it) const { return "thinking:" + it.delta; }
    std::string operator()(const RunToolStarted& it) const { return "tool:" + it.call.name; }
    std::string operator()(const RunToolEnded& it) const { return "result:" + it.result.text; }
    std::string operator()(const RunEnded& it) const {
      switch (it.outcome) {
        case RunEnded::Outcome::done: return "end:done";
        case RunEnded::Outcome::aborted: return "end:aborted";
        case RunEnded::Outcome::failed: return "end:failed";
        case RunEnded::Outcome::interrupted: return "end:interrupted";
      }
      return "end:?";
    }
  };
  return std::visit(Word{}, event.what);
}

}  // namespace carapace::test

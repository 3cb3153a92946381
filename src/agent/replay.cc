#include "agent/replay.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "async/coro.h"
#include "base/json.h"
#include "domain/message_json.h"

namespace carapace::agent {
namespace {

Errc errc_from(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(Errc::internal); ++i)
    if (errc_row(static_cast<Errc>(i)).name == name) return static_cast<Errc>(i);
  return Errc::internal;
}

struct Said {  // by a tool
  ToolResult result;
  Label label;
  std::int64_t at_ms = 0;
  bool stopped = false;  // the run had been stopped before this call
};

struct End {
  std::int64_t at_ms = 0;
  std::string stop_reason;
  std::string partial;
  std::optional<Error> cause;
  bool stopped = false;
};

// The journal as queues in the order of the run.
struct Tape {
  std::string api, provider, model;
  bool routed = false;
  std::deque<Message> completions;
  std::deque<Said> results;
  std::deque<tool::Decision> decisions;
  std::optional<End> end;
};

Said said_from(const json::object& body, const Message& message) {
  Said said;
  if (const auto* result =
          message.blocks.empty() ? nullptr : std::get_if<ToolResult>(&message.blocks.front()))
    said.result = *result;
  said.label = {integrity_from(string_or(body, "integrity", "")),
                confidentiality_from(string_or(body, "confidentiality", ""))};
  said.at_ms = message.at_ms;
  said.stopped = find_bool(body, "stopped").value_or(false);
  return said;
}

End end_from(const json::object& body) {
  End end{find_int(body, "at").value_or(0),
          string_or(body, "stopReason", ""),
          string_or(body, "partial", ""),
          {},
          false};
  if (const auto* cause = find_object(body, "cause"))
    end.cause = Error{errc_from(string_or(*cause, "code", "")), string_or(*cause, "detail", "")};
  const auto state = string_or(body, "state", "");
  end.stopped = state == store::to_text(store::RunState::aborted) ||
                state == store::to_text(store::RunState::interrupted);
  return end;
}

Status read_row(Tape& tape, const store::JournalRow& row) {
  TRY(const auto parsed, parse_json(row.body));
  if (!parsed.is_object())
    return fail(Errc::invalid_request, "journal step {} is no object", row.step);
  const auto& body = parsed.get_object();
  if (row.kind == "request") {
    tape.api = string_or(body, "api", "");
    tape.provider = string_or(body, "provider", "");
    tape.model = string_or(body, "model", "");
    tape.routed = true;
  } else if (row.kind == "completion") {
    TRY(auto message, message_from_json(body));
    tape.completions.push_back(std::move(message));
  } else if (row.kind == "tool_result") {
    TRY(const auto message, message_from_json(body));
    tape.results.push_back(said_from(body, message));
  } else if (row.kind == "approval") {
    const auto number = std::clamp<std::int64_t>(find_int(body, "decision").value_or(1), 0, 3);
    tape.decisions.push_back(static_cast<tool::Decision>(number));
  } else if (row.kind == "finish") {
    tape.end = end_from(body);
  } else if (row.kind != "tool_intent") {
    return fail(Errc::invalid_request, "journal step {} is of an unknown kind '{}'", row.step,
                row.kind);
  }
  return {};
}

class ReplayClock final : public Clock {
 public:
  std::int64_t wall_ms() const override { return now_; }
  std::int64_t steady_ms() const override { return now_; }
  void set(std::int64_t now) { now_ = now; }

 private:
  std::int64_t now_ = 0;
};

class ReplayProvider final : public provider::Provider {
 public:
  ReplayProvider(Tape& tape, ReplayClock& clock, Stop stop)
      : tape_(tape), clock_(clock), stop_(std::move(stop)) {}

  Task<Result<provider::Completion>> complete(const provider::Request&, provider::EventSink& events,
                                              const provider::CallContext&) override {
    if (tape_.completions.empty()) co_return end(events);
    const auto message = std::move(tape_.completions.front());
    tape_.completions.pop_front();
    clock_.set(message.at_ms);
    provider::Completion completion;
    completion.blocks = message.blocks;
    if (message.origin) {
      completion.usage = message.origin->usage;
      completion.stop = message.origin->stop;
      completion.model = message.origin->model;
      completion.cost_micros = message.origin->cost_micros;
    }
    for (const auto& block : message.blocks) {
      if (const auto* text = std::get_if<TextBlock>(&block)) events.on_text(text->text);
      if (const auto* thought = std::get_if<ThinkingBlock>(&block))
        events.on_thinking(thought->text);
    }
    co_return completion;
  }

 private:
  // The call that did not complete.
  std::unexpected<Error> end(provider::EventSink& events) {
    clock_.set(tape_.end->at_ms);
    if (!tape_.end->partial.empty()) events.on_text(tape_.end->partial);
    if (tape_.end->stopped) stop_.request(tape_.end->stop_reason);
    if (tape_.end->cause) return std::unexpected(*tape_.end->cause);
    return fail(Errc::cancelled, "the recorded answer ends here");
  }

  Tape& tape_;
  ReplayClock& clock_;
  Stop stop_;
};

class ReplayRouter final : public provider::Router {
 public:
  ReplayRouter(Tape& tape, provider::Provider& provider) : tape_(tape), provider_(provider) {
    spec_.id = tape_.provider;
    spec_.api = tape_.api;
    choice_.model = {tape_.provider, tape_.model};
    choice_.reason = "the recorded run";
  }
  Result<provider::Route> route(std::string_view) override {
    if (!tape_.routed)
      return std::unexpected(
          tape_.end->cause.value_or(Error{Errc::not_found, "no model was called"}));
    provider::ModelInfo model;
    model.id = tape_.model;
    model.provider = tape_.provider;
    return provider::Route{&provider_, &spec_, std::move(model)};
  }
  std::vector<provider::ModelInfo> models() const override { return {}; }
  const provider::Choice& choice() const override { return choice_; }

 private:
  Tape& tape_;
  provider::Provider& provider_;
  provider::Spec spec_;
  provider::Choice choice_;
};

class ReplayDesk final : public tool::ApprovalDesk {
 public:
  ReplayDesk(Tape& tape, Stop stop) : tape_(tape), stop_(std::move(stop)) {}
  Task<tool::Decision> ask(tool::Question, Stop) override {
    if (tape_.decisions.empty()) co_return tool::Decision::expired;
    const auto decision = tape_.decisions.front();
    tape_.decisions.pop_front();
    if (decision == tool::Decision::stopped && tape_.end) stop_.request(tape_.end->stop_reason);
    co_return decision;
  }

 private:
  Tape& tape_;
  Stop stop_;
};

class ReplayTool final : public tool::Tool {
 public:
  explicit ReplayTool(const std::optional<Said>& current) : current_(current) {}
  Task<tool::Outcome> call(const ToolCall&, const tool::Context&) override {
    if (!current_) co_return tool::Outcome{"The journal holds no result of this call.", {}, true};
    co_return tool::Outcome{current_->result.text, current_->result.images,
                            current_->result.is_error, current_->label};
  }

 private:
  const std::optional<Said>& current_;
};

}  // namespace

struct Replay::Impl {
  Tape tape;
  Stop stop;
  ReplayClock clock;
  ReplayProvider provider;
  ReplayRouter router;
  ReplayDesk desk;
  std::optional<Said> current;  // of the call that runs now

  Impl(Tape recorded, const Stop& run_stop)
      : tape(std::move(recorded)),
        stop(run_stop),
        provider(tape, clock, stop),
        router(tape, provider),
        desk(tape, stop) {
    clock.set(tape.end->at_ms);
  }

  void tool_started(const ToolCall& call) {
    current.reset();
    if (tape.results.empty() || tape.results.front().result.call != call.id) return;
    current = std::move(tape.results.front());
    tape.results.pop_front();
    clock.set(current->at_ms);
    if (current->stopped) stop.request(tape.end->stop_reason);
  }
  // The recorded run went no further than this result: it was stopped while its tools ran.
  void tool_ended() {
    if (!tape.completions.empty() || !tape.results.empty()) return;
    clock.set(tape.end->at_ms);
    if (tape.end->stopped && tape.end->partial.empty()) stop.request(tape.end->stop_reason);
  }
};

Replay::Replay(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Replay::~Replay() = default;

Result<std::unique_ptr<Replay>> Replay::from(std::vector<store::JournalRow> journal, Stop stop) {
  Tape tape;
  for (const auto& row : journal) TRY_STATUS(read_row(tape, row));
  if (!tape.end) return fail(Errc::invalid_request, "the journal does not hold the end of the run");
  return std::unique_ptr<Replay>(new Replay(std::make_unique<Impl>(std::move(tape), stop)));
}

const Clock& Replay::clock() const { return impl_->clock; }
provider::Router& Replay::router() { return impl_->router; }
tool::ApprovalDesk& Replay::desk() { return impl_->desk; }

tool::Registry Replay::tools(std::span<const tool::Spec* const> rows) {
  std::vector<tool::Registry::Entry> entries;
  for (const auto* row : rows)
    entries.push_back({row, std::make_unique<ReplayTool>(impl_->current)});
  return tool::Registry(std::move(entries));
}

void Replay::observe(const RunEvent& event) {
  if (const auto* started = std::get_if<RunToolStarted>(&event.what))
    impl_->tool_started(started->call);
  if (std::holds_alternative<RunToolEnded>(event.what)) impl_->tool_ended();
}

Status Replay::finished() const {
  const auto& tape = impl_->tape;
  if (tape.completions.empty() && tape.results.empty() && tape.decisions.empty()) return {};
  return fail(
      Errc::conflict,
      "the replay went another way: {} answers, {} tool results and {} decisions were not used",
      tape.completions.size(), tape.results.size(), tape.decisions.size());
}

}  // namespace carapace::agent

#include "agent/finish.h"

#include <utility>

#include "async/coro.h"
#include "base/text.h"
#include "log/log.h"

namespace carapace::agent {
namespace {

constexpr log::Log kLog{"agent"};

RunEnded::Outcome outcome_of(store::RunState state) {
  switch (state) {
    case store::RunState::done: return RunEnded::Outcome::done;
    case store::RunState::aborted: return RunEnded::Outcome::aborted;
    case store::RunState::interrupted: return RunEnded::Outcome::interrupted;
    default: return RunEnded::Outcome::failed;
  }
}

Origin origin_of(const RunScope& scope, StopReason stop) {
  Origin origin;
  origin.stop = stop;
  if (!scope.route.spec) return origin;
  origin.api = scope.route.spec->api;
  origin.provider = scope.route.model.provider;
  origin.model = scope.route.model.id;
  return origin;
}

// What a person is told. Errors that the owner can mend (a refused request, a wrong key, a missing model, a
// cap) carry the provider's words, which are already free of keys; internals never do.
std::string sentence_for(const Error& cause) {
  const auto& row = errc_row(cause.code);
  std::string sentence(row.user_sentence);
  if (cause.code != Errc::internal && cause.code != Errc::cancelled && !cause.detail.empty())
    sentence += " (" + ellipsize(collapse_space(cause.detail), 400) + ")";
  return sentence;
}

}  // namespace

Task<void> finish(RunScope& scope, Ending ending) {
  const auto now = scope.ports.clock.wall_ms();
  store::Finish row;
  row.run = scope.run.id;
  row.state = ending.state;
  row.error = ending.error;
  row.stop_reason = ending.stop_reason;
  row.ended_ms = now;
  row.context_tokens = scope.route.model.context_window;
  row.journal = std::move(ending.journal);
  row.journal.push_back(scope.journal("finish", "{\"state\":\"" + std::string(store::to_text(ending.state)) + "\"}"));

  Message last = scope.message(Role::assistant, std::move(ending.blocks));
  last.origin = ending.origin;
  const std::string text = text_of(last);
  row.answered = ending.origin;
  row.messages.push_back(std::move(last));

  const auto stored = co_await scope.ports.runs.finish(std::move(row));
  RunEnded ended{outcome_of(ending.state), text, ending.error, ending.stop_reason, scope.started_ms, now, ending.origin.usage};
  if (!stored) {
    kLog.error("the end of a run could not be stored", {{"run", scope.run.id.value}, {"cause", stored.error().detail}});
    ended.outcome = RunEnded::Outcome::failed;
    ended.error = "The answer could not be stored: " + stored.error().detail;
  }
  scope.publish(std::move(ended));
}

Task<void> finish_failed(RunScope& scope, Error cause, std::string partial_text) {
  kLog.warn("run failed", {{"run", scope.run.id.value},
                           {"code", std::string(errc_row(cause.code).name)},
                           {"cause", cause.detail}});
  Ending ending;
  ending.state = store::RunState::failed;
  ending.error = sentence_for(cause);
  ending.stop_reason = "error";
  ending.origin = origin_of(scope, StopReason::error);
  ending.origin.error = ending.error;
  // Part of an answer is kept and stays in the context; without one the sentence itself is the outcome.
  if (!partial_text.empty()) ending.origin.stop = StopReason::aborted;
  ending.blocks.emplace_back(TextBlock{partial_text.empty() ? ending.error : std::move(partial_text)});
  co_await finish(scope, std::move(ending));
}

Task<void> finish_aborted(RunScope& scope, std::string partial_text) {
  Ending ending;
  const bool shutdown = scope.stop.reason() == "shutdown";
  ending.state = shutdown ? store::RunState::interrupted : store::RunState::aborted;
  ending.stop_reason = scope.stop.reason();
  ending.origin = origin_of(scope, shutdown ? StopReason::interrupted : StopReason::aborted);
  if (shutdown) {
    ending.error = "Interrupted: the gateway was stopped before this answer was complete.";
    ending.origin.error = ending.error;
    if (partial_text.empty()) partial_text = ending.error;
  } else if (ending.stop_reason == "timeout") {
    ending.error = "The answer took longer than the configured limit and was stopped.";
    ending.origin.error = ending.error;
  }
  if (partial_text.empty()) partial_text = "(stopped)";
  ending.blocks.emplace_back(TextBlock{std::move(partial_text)});
  co_await finish(scope, std::move(ending));
}

}  // namespace carapace::agent

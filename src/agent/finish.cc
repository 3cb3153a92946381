#include "agent/finish.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "async/coro.h"
#include "base/json.h"
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

// What a person is told. Errors that the owner can mend (a refused request, a wrong key, a missing
// model, a cap) carry the provider's words, which are already free of keys; internals never do.
std::string sentence_for(const Error& cause) {
  const auto& row = errc_row(cause.code);
  std::string sentence(row.user_sentence);
  if (cause.code != Errc::internal && cause.code != Errc::cancelled && !cause.detail.empty())
    sentence += " (" + ellipsize(collapse_space(cause.detail), 400) + ")";
  return sentence;
}

std::string journal_body(const Ending& ending) {
  json::object body{{"state", store::to_text(ending.state)},
                    {"stopReason", ending.stop_reason},
                    {"at", ending.at_ms}};
  if (!ending.partial.empty()) body["partial"] = ending.partial;
  if (ending.cause)
    body["cause"] =
        json::object{{"code", errc_row(ending.cause->code).name}, {"detail", ending.cause->detail}};
  return dump_json(body);
}

// Calls of this run that the store has no result of: only a store that failed between them leaves
// any.
std::vector<Message> results_of_open_calls(const RunScope& scope, std::int64_t at_ms) {
  std::vector<const ToolCall*> open;
  for (const auto& message : scope.history) {
    if (message.run != scope.run.id) continue;
    for (const auto& block : message.blocks) {
      if (const auto* call = std::get_if<ToolCall>(&block)) open.push_back(call);
      if (const auto* result = std::get_if<ToolResult>(&block))
        std::erase_if(open, [result](const ToolCall* call) { return call->id == result->call; });
    }
  }
  std::vector<Message> results;
  for (const auto* call : open) {
    const bool begun = call->id.value == scope.begun_call;
    results.push_back(scope.message(
        Role::tool,
        {ToolResult{
            call->id,
            call->name,
            begun ? "Outcome unknown: what this call returned could not be stored. It may have "
                    "taken effect; check before doing it again."
                  : "Not run: the answer ended before this call began.",
            {},
            true}}));
    results.back().at_ms = at_ms;
    results.back().label = {Integrity::owner, Confidentiality::open};
  }
  return results;
}

// A disk that is full may have room a moment later; a second attempt that finds the run closed was
// the first's.
Task<Status> store_end(const RunScope& scope, const store::Finish& row) {
  auto stored = co_await scope.ports.runs.finish(row);
  for (const auto pause : scope.settings.store_retries_ms) {
    if (stored || stored.error().code != Errc::unavailable) break;
    co_await sleep_for(std::chrono::milliseconds(pause));
    stored = co_await scope.ports.runs.finish(row);
    if (!stored && stored.error().code == Errc::conflict) stored = Status{};
  }
  co_return stored;
}

}  // namespace

Task<void> finish(RunScope& scope, Ending ending) {
  const auto now = scope.ports.clock.wall_ms();
  if (ending.at_ms == 0) ending.at_ms = now;
  store::Finish row;
  row.run = scope.run.id;
  row.state = ending.state;
  row.error = ending.error;
  row.stop_reason = ending.stop_reason;
  row.ended_ms = now;
  row.context_tokens = scope.route.model.context_window;
  row.journal = scope.rows_with(scope.journal("finish", journal_body(ending)));
  row.messages = results_of_open_calls(scope, ending.at_ms);

  Message last = scope.message(Role::assistant, std::move(ending.blocks));
  last.at_ms = ending.at_ms;
  last.origin = ending.origin;
  const std::string text = text_of(last);
  if (!ending.origin.provider.empty()) row.answered = ending.origin;
  row.messages.push_back(std::move(last));

  const auto stored = co_await store_end(scope, row);
  RunEnded ended{outcome_of(ending.state), text, ending.error,        ending.stop_reason,
                 scope.started_ms,         now,  ending.origin.usage, ending.origin.provider,
                 ending.origin.model};
  if (!stored) {
    kLog.error("the end of a run could not be stored",
               {{"run", scope.run.id.value}, {"cause", stored.error().detail}});
    ended.outcome = RunEnded::Outcome::failed;
    ended.error = "The answer could not be stored: " + stored.error().detail;
  }
  scope.ended = true;
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
  ending.partial = partial_text;
  ending.cause = std::move(cause);
  // Part of an answer is kept and stays in the context; without one the sentence itself is the
  // outcome.
  if (!partial_text.empty()) ending.origin.stop = StopReason::aborted;
  ending.blocks.emplace_back(
      TextBlock{partial_text.empty() ? ending.error : std::move(partial_text)});
  co_await finish(scope, std::move(ending));
}

Task<void> finish_aborted(RunScope& scope, std::string partial_text) {
  Ending ending;
  const bool shutdown = scope.stop.reason() == "shutdown";
  ending.state = shutdown ? store::RunState::interrupted : store::RunState::aborted;
  ending.stop_reason = scope.stop.reason();
  ending.partial = partial_text;
  ending.origin = origin_of(scope, shutdown ? StopReason::interrupted : StopReason::aborted);
  if (shutdown) {
    ending.error = "Interrupted: the gateway was stopped before this answer was complete.";
    ending.origin.error = ending.error;
  } else if (ending.stop_reason == "timeout") {
    ending.error = "The answer took longer than the configured limit and was stopped.";
    ending.origin.error = ending.error;
  }
  if (partial_text.empty()) partial_text = ending.error.empty() ? "(stopped)" : ending.error;
  ending.blocks.emplace_back(TextBlock{std::move(partial_text)});
  co_await finish(scope, std::move(ending));
}

}  // namespace carapace::agent

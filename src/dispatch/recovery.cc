#include "dispatch/recovery.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "async/coro.h"
#include "base/json.h"

namespace carapace::dispatch {
namespace {

constexpr std::string_view kSentence =
    "Interrupted: the gateway stopped before this answer was complete. Nothing was lost; ask again "
    "to go on.";

// Calls of this run's last answer that have no result, in order.
std::vector<ToolCall> unanswered(const std::vector<store::StoredMessage>& messages,
                                 const RunId& run) {
  std::vector<ToolCall> open;
  for (const auto& stored : messages) {
    if (stored.message.run != run) continue;
    for (const auto& block : stored.message.blocks) {
      if (const auto* call = std::get_if<ToolCall>(&block)) open.push_back(*call);
      if (const auto* result = std::get_if<ToolResult>(&block))
        std::erase_if(open, [result](const ToolCall& call) { return call.id == result->call; });
    }
  }
  return open;
}

std::string intent_of(const store::JournalRow& row) {
  const auto body = parse_json(row.body);
  return body && body->is_object() ? string_or(body->get_object(), "id", "") : std::string();
}

Message result_for(const ToolCall& call, bool begun, const store::RunRow& run,
                   std::int64_t now_ms) {
  const std::string text = begun ? "Outcome unknown: the gateway stopped while this call was "
                                   "running. It may or may not have taken effect; "
                                   "check before doing it again."
                                 : "Not run: the gateway stopped before this call began.";
  return {Role::tool,    {ToolResult{call.id, call.name, text, {}, true}},
          now_ms,        {Integrity::owner, Confidentiality::open},
          run.principal, run.id,
          std::nullopt};
}

}  // namespace

Task<Result<RunEnded>> report_interrupted(store::Runs& runs, store::Transcripts& transcripts,
                                          store::RunRow run, std::int64_t now_ms) {
  constexpr std::int64_t kLookBack = 500;  // messages: far more than one bounded turn can write
  CO_TRY(const auto messages, co_await transcripts.tail(run.session, kLookBack));
  CO_TRY(const auto journal, co_await runs.journal(run.id));
  std::set<std::string> begun;
  for (const auto& row : journal)
    if (row.kind == "tool_intent") begun.insert(intent_of(row));

  store::Finish finish;
  finish.run = run.id;
  finish.state = store::RunState::interrupted;
  finish.error = kSentence;
  finish.stop_reason = "interrupted";
  finish.ended_ms = now_ms;
  for (const auto& call : unanswered(messages, run.id))
    finish.messages.push_back(result_for(call, begun.contains(call.id.value), run, now_ms));
  Message last{
      Role::assistant, {TextBlock{std::string(kSentence)}}, now_ms, {}, run.principal, run.id,
      Origin{}};
  last.origin->stop = StopReason::interrupted;
  last.origin->error = kSentence;
  finish.messages.push_back(std::move(last));
  CO_TRY_STATUS(co_await runs.finish(std::move(finish)));
  const std::string sentence(kSentence);
  co_return RunEnded{
      RunEnded::Outcome::interrupted, sentence, sentence, "interrupted", 0, now_ms, {}};
}

}  // namespace carapace::dispatch

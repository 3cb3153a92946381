#include "agent/run_tools.h"

#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "async/coro.h"
#include "async/deadline.h"
#include "base/json.h"
#include "domain/message_json.h"
#include "log/log.h"

namespace carapace::agent {
namespace {

constexpr log::Log kLog{"agent"};
constexpr int kRepeatLimit = 3;  // the same call, with the same arguments, in a row

tool::Outcome refusal(std::string text) {
  return {std::move(text), {}, true, {Integrity::owner, Confidentiality::open}};
}

std::string intent_body(const ToolCall& call) {
  return dump_json(
      json::object{{"id", call.id.value}, {"name", call.name}, {"arguments", call.arguments}});
}

// The message as it is shown, with what only the columns of the transcript hold.
std::string result_body(const Message& message, bool stopped) {
  auto body = message_to_json(message);
  body["integrity"] = to_text(message.label.integrity);
  body["confidentiality"] = to_text(message.label.confidentiality);
  if (stopped) body["stopped"] = true;
  return dump_json(body);
}

// Sees a model that calls the same thing again and again.
bool repeats_itself(RunScope& scope, const ToolCall& call) {
  auto now = call.name + '\n' + call.arguments;
  scope.repeats = now == scope.last_call ? scope.repeats + 1 : 1;
  scope.last_call = std::move(now);
  return scope.repeats > kRepeatLimit;
}

// Asks a person when the policy says so. nullopt: go ahead.
Task<std::optional<tool::Outcome>> permission(RunScope& scope, const tool::Spec& spec,
                                              const ToolCall& call) {
  const auto judgement = tool::judge(spec, call, scope.flow);
  if (judgement.verdict == tool::Verdict::allow) co_return std::nullopt;
  if (judgement.verdict == tool::Verdict::deny) co_return refusal(judgement.reason);
  const auto decision =
      co_await scope.ports.desk.ask({scope.run.id, scope.run.key, scope.run.principal,
                                     std::string(spec.name), call.arguments, judgement.reason},
                                    scope.stop);
  // Rides with the intent or, when nothing is run, with the result.
  scope.waiting_rows.push_back(
      scope.journal("approval", dump_json(json::object{{"decision", static_cast<int>(decision)}})));
  switch (decision) {
    case tool::Decision::allow_once: co_return std::nullopt;
    case tool::Decision::deny:
      co_return refusal("A person was asked and said no. Do not try this again; go on without it.");
    case tool::Decision::expired:
      co_return refusal("A person was asked, but nobody answered in time, so it was not run.");
    case tool::Decision::stopped: break;
  }
  co_return refusal("Not run: the answer was stopped.");
}

// Intent first, durably; then the effect. What was asked of a person is written with the intent.
Task<Result<tool::Outcome>> perform(RunScope& scope, const tool::Registry::Entry& entry,
                                    const ToolCall& call) {
  CO_TRY_STATUS(co_await scope.ports.runs.append(
      scope.run.id, {}, scope.rows_with(scope.journal("tool_intent", intent_body(call)))));
  scope.begun_call = call.id.value;
  const Stop own;
  const auto follow =
      scope.stop.on_stop([own, reason = scope.stop] { own.request(reason.reason()); });
  const Deadline deadline(scope.ports.loop, own, std::chrono::milliseconds(entry.spec->deadline_ms),
                          "tool deadline");
  const tool::Context context{scope.run.principal,
                              scope.run.key,
                              scope.run.id,
                              scope.session.agent,
                              scope.route.model.provider + "/" + scope.route.model.id,
                              own,
                              tool::is_confined(scope.flow)};
  co_return co_await entry.tool->call(call, context);
}

Task<Result<tool::Outcome>> outcome_of(RunScope& scope, const ToolCall& call) {
  if (scope.stop.requested()) co_return refusal("Not run: the answer was stopped.");
  const auto* entry = scope.tools.find(call.name);
  if (!entry) co_return refusal(fmt::format("There is no tool named '{}'.", call.name));
  if (repeats_itself(scope, call))
    co_return refusal(
        "Not run: this exact call was just made several times. Use what it returned, or do "
        "something else.");
  if (auto refused = co_await permission(scope, *entry->spec, call)) co_return std::move(*refused);
  auto outcome = co_await perform(scope, *entry, call);
  if (outcome) {
    // Errors are labelled, too: a stranger's server can put words into them.
    const auto& spec = *entry->spec;
    outcome->label = join(
        outcome->label, {spec.reads_untrusted ? Integrity::untrusted : Integrity::owner,
                         spec.reads_personal ? Confidentiality::personal : Confidentiality::open});
    if (spec.reads_untrusted && !outcome->is_error)
      if (auto host = tool::destination_of(spec, call); !host.empty())
        scope.flow.read_hosts.insert(std::move(host));
  }
  co_return outcome;
}

}  // namespace

Task<Status> run_tools(RunScope& scope, Message answer) {
  for (const auto* call : tool_calls_of(answer)) {
    scope.publish(RunToolStarted{*call});
    const bool stopped = scope.stop.requested();
    CO_TRY(auto outcome, co_await outcome_of(scope, *call));
    ToolResult result{call->id, call->name, std::move(outcome.text), std::move(outcome.images),
                      outcome.is_error};
    Message message = scope.message(Role::tool, {result});
    message.label = join(outcome.label, {Integrity::owner, Confidentiality::open});
    auto row = scope.journal("tool_result", result_body(message, stopped));
    CO_TRY_STATUS(
        co_await scope.ports.runs.append(scope.run.id, {message}, scope.rows_with(std::move(row))));
    kLog.debug("tool ran", {{"tool", call->name}, {"error", outcome.is_error ? "yes" : "no"}});
    scope.publish(RunToolEnded{*call, std::move(result)});
    scope.take(message);
  }
  co_return Status{};
}

}  // namespace carapace::agent

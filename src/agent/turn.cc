#include "agent/turn.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <exception>
#include <utility>

#include "agent/finish.h"
#include "agent/prompt.h"
#include "agent/run_state.h"
#include "agent/run_tools.h"
#include "agent/stream.h"
#include "async/coro.h"
#include "async/deadline.h"
#include "base/json.h"
#include "base/text.h"
#include "domain/message_json.h"
#include "log/log.h"
#include "provider/hygiene.h"
#include "provider/stack/budget.h"

namespace carapace::agent {
namespace {

constexpr log::Log kLog{"agent"};
constexpr int kFewest = 200;  // messages; more are read only while they still fit the window
constexpr std::int64_t kMinContext = 4'000;  // tokens that history may always use

std::int64_t history_budget(const RunScope& scope) {
  const auto& model = scope.route.model;
  const auto bound = scope.settings.context_tokens;
  const auto window = bound > 0 ? std::min(bound, model.context_window) : model.context_window;
  return std::max(kMinContext, window - std::min(model.max_output, window / 4) - 2'000);
}

// Reads as much of the transcript's end as the window can hold, never the whole of a long one.
Task<Status> load_history(RunScope& scope) {
  std::move_only_function<bool(const Message&)> more =
      [budget = history_budget(scope), count = 0,
       tokens = std::int64_t{0}](const Message& message) mutable {
        tokens += estimate_tokens(message);
        return ++count < kFewest || tokens < budget;
      };
  CO_TRY(auto stored,
         co_await scope.ports.transcripts.tail_while(scope.session.id, std::move(more)));
  scope.older = stored.empty() ? 0 : static_cast<std::size_t>(stored.front().seq - 1);
  scope.history.reserve(stored.size());
  for (auto& item : stored) {
    if (item.message.role == Role::user && item.message.label.integrity == Integrity::owner)
      scope.flow.owner_destinations.merge(tool::hosts_in(text_of(item.message)));
    scope.take(std::move(item.message));
  }
  co_return Status{};
}

provider::Request request_for(RunScope& scope) {
  const auto& model = scope.route.model;
  const auto chosen = !scope.run.inbound.thinking.empty()     ? scope.run.inbound.thinking
                      : !scope.session.thinking_level.empty() ? scope.session.thinking_level
                                                              : scope.settings.thinking_default;
  const auto level = thinking_level(chosen, model);
  const PromptFacts facts{scope.session.agent,
                          scope.run.key,
                          scope.run.inbound.channel,
                          scope.settings.host,
                          scope.settings.os,
                          scope.settings.version,
                          model.provider + "/" + model.id,
                          scope.settings.time_zone,
                          level,
                          scope.run.inbound.extra_system};
  auto system = system_prompt(facts, scope.tools.entries());
  auto history = select_history(scope.history, history_budget(scope), scope.older);
  auto messages = provider::repair(std::move(history.messages), scope.route.spec->hygiene,
                                   model.provider, model.id, model.images);
  return build_request(model, std::move(system), std::move(messages), scope.tools.entries(),
                       thinking_from(level));
}

Origin origin_of(const RunScope& scope, const provider::Completion& completion) {
  return {std::string(scope.route.spec->api),
          scope.route.model.provider,
          completion.model.empty() ? scope.route.model.id : completion.model,
          completion.usage,
          completion.cost_micros,
          completion.stop,
          {}};
}

struct Answer {
  Message message;
  store::JournalRow journal;
  StopReason stop = StopReason::stop;
};

Answer answer_of(RunScope& scope, provider::Completion completion) {
  Answer answer;
  answer.stop = completion.stop;
  const auto origin = origin_of(scope, completion);
  answer.message = scope.message(Role::assistant, std::move(completion.blocks));
  answer.message.origin = origin;
  scope.usage = origin.usage;
  answer.journal = scope.journal("completion", dump_json(message_to_json(answer.message)));
  return answer;
}

Task<void> finish_done(RunScope& scope, Answer answer) {
  Ending ending;
  ending.origin = *answer.message.origin;
  ending.stop_reason = to_text(answer.stop);
  ending.at_ms = answer.message.at_ms;
  scope.waiting_rows.push_back(std::move(answer.journal));
  if (trim(text_of(answer.message)).empty())
    answer.message.blocks.emplace_back(TextBlock{answer.stop == StopReason::refusal
                                                     ? "The model declined to answer this."
                                                     : "The model answered with nothing."});
  ending.blocks = std::move(answer.message.blocks);
  co_await finish(scope, std::move(ending));
}

// However the step ends, a flush that was posted finds no run to tell.
struct Detached {
  std::shared_ptr<Stream> stream;
  ~Detached() { stream->detach(); }
};

// One model call. true: it asked for tools and they ran, so the model is to be heard again.
Task<bool> model_step(RunScope& scope) {
  const auto stream = std::make_shared<Stream>(
      scope.ports.loop, [&scope](auto what) { scope.publish(std::move(what)); });
  const Detached detached{stream};
  const auto request = request_for(scope);
  const provider::CallContext context{scope.run.id, scope.run.principal, scope.run.key.value,
                                      scope.stop};
  auto completion = co_await scope.route.provider->complete(request, *stream, context);
  stream->flush();
  if (!completion) {
    if (scope.stop.requested()) {
      co_await finish_aborted(scope, stream->text());
    } else {
      co_await finish_failed(scope, completion.error(), stream->text());
    }
    co_return false;
  }
  auto answer = answer_of(scope, std::move(*completion));
  if (tool_calls_of(answer.message).empty()) {
    co_await finish_done(scope, std::move(answer));
    co_return false;
  }
  auto stored = co_await scope.ports.runs.append(scope.run.id, {answer.message},
                                                 scope.rows_with(std::move(answer.journal)));
  if (stored) {
    scope.take(answer.message);
    stored = co_await run_tools(scope, answer.message);
  }
  if (!stored) {
    co_await finish_failed(scope, stored.error(), {});
    co_return false;
  }
  if (scope.stop.requested()) {
    co_await finish_aborted(scope, {});
    co_return false;
  }
  co_return true;
}

Task<Status> prepare(RunScope& scope) {
  CO_TRY(auto session, co_await scope.ports.sessions.find(scope.run.key, scope.run.principal));
  if (!session) co_return fail(Errc::not_found, "the session {} is gone", scope.run.key.value);
  scope.session = std::move(*session);
  const auto& wish =
      scope.run.inbound.model.empty() ? scope.session.model_override : scope.run.inbound.model;
  CO_TRY(scope.route, scope.ports.router.route(wish));
  const auto& model = scope.route.model;
  scope.waiting_rows.push_back(scope.journal(
      "request",
      dump_json(json::object{
          {"api", scope.route.spec->api}, {"provider", model.provider}, {"model", model.id}})));
  co_return co_await load_history(scope);
}

}  // namespace

Task<void> TurnRunner::run(store::RunRow run, Stop stop) {
  // A configuration that changes meanwhile is for the next turn.
  const auto settings = settings_;
  const auto tools = ports_.tools;
  RunScope scope{.ports = ports_,
                 .settings = settings,
                 .tools = tools,
                 .run = std::move(run),
                 .stop = std::move(stop),
                 .started_ms = ports_.clock.wall_ms()};
  scope.flow.label = {Integrity::owner, Confidentiality::open};
  const auto limit =
      scope.run.inbound.timeout_ms > 0 ? scope.run.inbound.timeout_ms : settings.timeout_ms;
  const Deadline deadline(ports_.loop, scope.stop, std::chrono::milliseconds(limit), "timeout");
  std::string thrown;
  try {
    co_await steps(scope);
  } catch (const boost::system::system_error& error) {
    if (error.code() == boost::system::errc::operation_canceled)
      throw;  // the house is being taken down
    thrown = error.what();
  } catch (const std::exception& error) {
    thrown = error.what();
  }
  // A provider or tool that throws is our mistake; the person still gets an end.
  if (!thrown.empty() && !scope.ended)
    co_await finish_failed(scope, {Errc::internal, "a step threw: " + thrown}, {});
}

Task<void> TurnRunner::steps(RunScope& scope) {
  const auto ready = co_await prepare(scope);
  scope.publish(RunStarted{scope.started_ms});
  if (scope.stop.requested()) {
    co_await finish_aborted(scope, {});
    co_return;
  }
  if (!ready) {
    co_await finish_failed(scope, ready.error(), {});
    co_return;
  }
  while (scope.model_calls++ < scope.settings.max_model_calls) {
    if (!co_await model_step(scope)) co_return;
  }
  kLog.warn("run used up its model calls", {{"run", scope.run.id.value}});
  co_await finish_failed(
      scope,
      {Errc::conflict,
       fmt::format("stopped after {} rounds of tools; agents.defaults.maxTurns allows more",
                   scope.settings.max_model_calls)},
      {});
}

}  // namespace carapace::agent

#include "dispatch/dispatcher.h"

#include <chrono>
#include <deque>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "async/coro.h"
#include "async/signal.h"
#include "dispatch/commands.h"
#include "dispatch/recovery.h"
#include "dispatch/route.h"
#include "log/log.h"
#include "session/lane.h"

namespace carapace::dispatch {
namespace {

constexpr log::Log kLog{"dispatch"};
constexpr std::size_t kRememberedOutcomes = 1'000;  // later waiters read the store

Outcome outcome_of(const RunEnded& ended) {
  Outcome outcome;
  switch (ended.outcome) {
    case RunEnded::Outcome::done: outcome.state = store::RunState::done; break;
    case RunEnded::Outcome::aborted: outcome.state = store::RunState::aborted; break;
    case RunEnded::Outcome::failed: outcome.state = store::RunState::failed; break;
    case RunEnded::Outcome::interrupted: outcome.state = store::RunState::interrupted; break;
  }
  outcome.text = ended.text;
  outcome.error = ended.error;
  outcome.stop_reason = ended.stop_reason;
  outcome.usage = ended.usage;
  outcome.started_ms = ended.started_ms;
  outcome.ended_ms = ended.ended_ms;
  outcome.provider = ended.provider;
  outcome.model = ended.model;
  return outcome;
}

bool is_open(store::RunState state) {
  return state == store::RunState::accepted || state == store::RunState::running;
}

// Where submits wait while recovery looks at the store. Shared, because a frame may outlive the
// dispatcher.
struct Gate {
  bool closed = false;
  Signal changed;  // also: no submit is in flight
};

class ClosedGate {
 public:
  explicit ClosedGate(std::shared_ptr<Gate> gate) : gate_(std::move(gate)) { gate_->closed = true; }
  ClosedGate(const ClosedGate&) = delete;
  ClosedGate& operator=(const ClosedGate&) = delete;
  ~ClosedGate() {
    gate_->closed = false;
    gate_->changed.notify_all();
  }

 private:
  std::shared_ptr<Gate> gate_;
};

}  // namespace

// How long an accepted message waits for a store that cannot take it.
struct Patience {
  std::int64_t end_ms = 0;  // steady
  std::int64_t pause_ms = 50;
};

struct Dispatcher::Impl {
  DispatchPorts ports;
  DispatchSettings settings;
  Commands commands;
  session::Lanes lanes;
  bool draining = false;
  bool recovered = false;
  std::unordered_set<RunId> early;  // accepted before `recover` has looked
  std::shared_ptr<Gate> gate = std::make_shared<Gate>();
  std::unordered_map<SessionKey, int>
      accepting;  // submits between "lane looked idle" and their push
  std::unordered_map<RunId, store::RunRow> admitted;  // pushed into a lane, not yet taken by a turn
  std::unordered_map<RunId, RunId> continued;  // running in the place of the command before it
  std::unordered_map<RunId, Outcome> outcomes;
  std::deque<RunId> outcome_order;
  Signal ended;
  Signal idle;

  Impl(DispatchPorts given, DispatchSettings chosen)
      : ports(given),
        settings(std::move(chosen)),
        commands(given.runner.ports(), given.runner.settings()),
        lanes(
            ports.group,
            [this](RunId run, Stop stop) { return turn(std::move(run), std::move(stop)); },
            settings.per_lane, settings.at_once) {
    ports.fanout.add_reader([this](const RunEvent& event) {
      if (const auto* end = std::get_if<RunEnded>(&event.what))
        remember(event.run, outcome_of(*end));
    });
  }

  void remember(const RunId& run, Outcome outcome) {
    if (outcome_order.size() >= kRememberedOutcomes) {
      outcomes.erase(outcome_order.front());
      outcome_order.pop_front();
    }
    outcomes[run] = std::move(outcome);
    outcome_order.push_back(run);
    ended.notify_all();
  }

  void admit(store::RunRow run) {
    const auto key = run.key;
    const auto id = run.id;
    admitted[id] = std::move(run);
    lanes.push(key, id);
  }

  void tell_failed(const store::RunRow& run, const std::string& cause) const {
    const auto now = ports.clock.wall_ms();
    ports.fanout.publish(
        RunEvent{run.id, run.raw_key, run.principal, false, 0, now,
                 RunEnded{RunEnded::Outcome::failed, "", cause, "error", 0, now, {}}});
  }

  Task<void> turn(RunId id, Stop stop);
  Task<Result<store::RunRow>> begin(RunId id, Stop stop);
  Task<void> command(store::RunRow run, Command command, Stop stop);
  Task<bool> may_try_again(RunId id, Error cause, Stop stop, Patience& patience);
  Task<Result<Acceptance>> accept(Inbound inbound, Destination where);
  Task<Result<std::optional<Acceptance>>> repeat_of(RunId run, PrincipalId principal);
};

Dispatcher::Dispatcher(DispatchPorts ports, DispatchSettings settings)
    : impl_(std::make_unique<Impl>(ports, std::move(settings))) {}
Dispatcher::~Dispatcher() = default;

// Pauses and answers true while the store may come back: the message was accepted, so it waits for
// the disk like its sender does.
Task<bool> Dispatcher::Impl::may_try_again(RunId id, Error cause, Stop stop, Patience& patience) {
  constexpr std::int64_t kLongestPause = 2'000;
  if (cause.code != Errc::unavailable) co_return false;
  if (stop.requested() || draining || ports.clock.steady_ms() >= patience.end_ms) co_return false;
  kLog.warn("an accepted message waits for the store",
            {{"run", id.value}, {"cause", cause.detail}});
  co_await sleep_for(std::chrono::milliseconds(patience.pause_ms));
  patience.pause_ms = std::min(patience.pause_ms * 2, kLongestPause);
  co_return true;
}

Task<Result<store::RunRow>> Dispatcher::Impl::begin(RunId id, Stop stop) {
  Patience patience{ports.clock.steady_ms() + settings.begin_patience_ms};
  for (;;) {
    auto begun = co_await ports.runs.begin(id, ports.clock.wall_ms());
    if (begun || !co_await may_try_again(id, begun.error(), stop, patience)) co_return begun;
  }
}

// A command is answered by the house; what stood behind it is heard next, in the same place of the
// lane.
Task<void> Dispatcher::Impl::command(store::RunRow run, Command command, Stop stop) {
  // Recovery puts everything back first, also what an earlier attempt at this command accepted.
  while (gate->closed) co_await gate->changed.wait();
  if (draining && stop.requested()) co_return;  // stays accepted
  const auto next = continuation_of(run.id);
  if (!recovered) early.insert(next);
  Patience patience{ports.clock.steady_ms() + settings.begin_patience_ms};
  auto done = co_await commands.execute(run, command, stop);
  while (!done && co_await may_try_again(run.id, done.error(), stop, patience))
    done = co_await commands.execute(run, command, Stop());  // begun is begun
  if (!done) {
    // The run stays accepted, so the next start answers it.
    kLog.error("a command could not be carried out",
               {{"run", run.id.value}, {"cause", done.error().detail}});
    if (!draining) tell_failed(run, done.error().detail);
    co_return;
  }
  ports.fanout.publish(RunEvent{run.id, run.raw_key, run.principal, false, 0, done->ended.ended_ms,
                                std::move(done->ended)});
  if (!done->next || draining) co_return;
  admitted[next] = std::move(*done->next);
  continued[next] = run.id;
  co_await turn(next, std::move(stop));
  continued.erase(next);
}

// One admitted run: its inbox row becomes a transcript message, then the model hears it.
Task<void> Dispatcher::Impl::turn(RunId id, Stop stop) {
  auto node = admitted.extract(id);
  if (node.empty()) co_return;
  auto run = std::move(node.mapped());
  auto said = run.state == store::RunState::accepted ? command_of(run.inbound) : std::nullopt;
  if (said) {
    co_await command(std::move(run), std::move(*said), std::move(stop));
    if (lanes.running() <= 1) idle.notify_all();
    co_return;
  }
  if (run.state == store::RunState::accepted) {
    auto begun = co_await begin(id, stop);
    if (!begun) {
      // Nothing was begun, so the row stays accepted and the next start takes it up again.
      kLog.error("an accepted message could not be begun",
                 {{"run", id.value}, {"cause", begun.error().detail}});
      if (!draining) tell_failed(run, begun.error().detail);
      co_return;
    }
    run = std::move(*begun);
  }
  co_await ports.runner.run(std::move(run), std::move(stop));
  if (lanes.running() <= 1) idle.notify_all();
}

// A message that came before, by its run id; nullopt when it is new.
Task<Result<std::optional<Acceptance>>> Dispatcher::Impl::repeat_of(RunId run,
                                                                    PrincipalId principal) {
  CO_TRY(auto known, co_await ports.runs.find(run));
  if (!known || known->principal != principal) co_return std::optional<Acceptance>();
  const auto state =
      is_open(known->state) ? Acceptance::State::in_flight : Acceptance::State::ended;
  co_return Acceptance{state, std::move(*known)};
}

Task<Result<Acceptance>> Dispatcher::Impl::accept(Inbound inbound, Destination where) {
  const auto principal = inbound.principal;
  // Only the first of several submits at once may begin its message with the acceptance; the others
  // queue.
  auto& others = accepting[where.key];
  // A command's words wait in the inbox until it is carried out: `/new` begins with them.
  const bool begin_now = lanes.idle(where.key) && others == 0 && !command_of(inbound);
  ++others;
  auto accepted =
      co_await ports.runs.accept(std::move(inbound), where.key, SessionId(uuid_v4(ports.random)),
                                 ports.clock.wall_ms(), begin_now);
  if (--accepting[where.key] == 0) accepting.erase(where.key);
  if (accepting.empty()) gate->changed.notify_all();
  if (!accepted) co_return std::unexpected(accepted.error());
  Acceptance answer;
  answer.run = accepted->run;
  if (!accepted->fresh) {
    // Ids of messages are the channel's; whoever repeats somebody else's learns nothing of it.
    if (answer.run.principal != principal)
      co_return fail(Errc::forbidden, "this message id belongs to somebody else");
    answer.state =
        is_open(answer.run.state) ? Acceptance::State::in_flight : Acceptance::State::ended;
    co_return answer;
  }
  if (!recovered) early.insert(answer.run.id);
  admit(std::move(accepted->run));
  co_return answer;
}

Task<Result<Acceptance>> Dispatcher::submit(Inbound inbound) {
  if (impl_->draining) co_return fail(Errc::unavailable, "the gateway is shutting down");
  CO_TRY(auto where, route(inbound, impl_->settings.default_agent));
  while (impl_->gate->closed) co_await impl_->gate->changed.wait();
  if (inbound.run.empty()) inbound.run = RunId(uuid_v4(impl_->ports.random));
  if (inbound.dedupe_id.empty()) inbound.dedupe_id = inbound.run.value;
  const auto coming = impl_->accepting.find(where.key);
  if (!impl_->lanes.has_room(where.key, coming == impl_->accepting.end()
                                            ? 0
                                            : static_cast<std::size_t>(coming->second))) {
    CO_TRY(auto repeat, co_await impl_->repeat_of(inbound.run, inbound.principal));
    if (repeat) co_return std::move(*repeat);
    co_return fail(Errc::rate_limited, "{} messages already wait in this session",
                   impl_->settings.per_lane);
  }
  co_return co_await impl_->accept(std::move(inbound), std::move(where));
}

Task<Result<std::optional<Outcome>>> Dispatcher::wait(RunId run, std::int64_t limit_ms) {
  const auto end = impl_->ports.clock.steady_ms() + limit_ms;
  bool looked_up = false;
  for (;;) {
    if (const auto found = impl_->outcomes.find(run); found != impl_->outcomes.end())
      co_return found->second;
    if (!std::exchange(looked_up, true)) {
      CO_TRY(auto stored, co_await impl_->ports.runs.find(run));
      if (!stored) co_return fail(Errc::not_found, "no run '{}'", run.value);
      if (!is_open(stored->state)) {
        Outcome outcome;
        outcome.state = stored->state;
        outcome.error = stored->error;
        outcome.stop_reason = stored->stop_reason;
        outcome.started_ms = stored->started_ms;
        outcome.ended_ms = stored->ended_ms;
        CO_TRY(const auto tail, co_await impl_->ports.transcripts.tail(stored->session, 500));
        for (const auto& item : tail) {
          if (item.message.run != run || !item.message.origin) continue;
          outcome.text = text_of(item.message);
          outcome.provider = item.message.origin->provider;
          outcome.model = item.message.origin->model;
          outcome.usage = item.message.origin->usage;
        }
        co_return outcome;
      }
      continue;  // it may have ended while the store was asked
    }
    const auto left = end - impl_->ports.clock.steady_ms();
    if (left <= 0) co_return std::optional<Outcome>();
    co_await impl_->ended.wait_for(std::chrono::milliseconds(left));
  }
}

std::vector<RunId> Dispatcher::abort(const SessionKey& key, const RunId& run, std::string reason) {
  const auto& continued = impl_->continued;
  const auto place = continued.find(run);
  auto asked = impl_->lanes.stop(key, place == continued.end() ? run : place->second, reason);
  for (auto& one : asked)
    for (const auto& [next, command] : continued)
      if (one == command) one = next;
  return asked;
}

Task<Result<Dispatcher::Recovered>> Dispatcher::recover() {
  // The look at the store falls between two submits, so that every open run is either this start's
  // or the last's.
  while (!impl_->accepting.empty()) co_await impl_->gate->changed.wait();
  const ClosedGate closed(impl_->gate);
  Recovered result;
  CO_TRY(auto open, co_await impl_->ports.runs.unfinished());
  impl_->recovered = true;
  const auto early = std::exchange(impl_->early, {});
  for (auto& run : open) {
    if (early.contains(run.id)) continue;
    if (run.state == store::RunState::accepted) {
      ++result.resumed;
      impl_->admit(std::move(run));
      continue;
    }
    const auto now = impl_->ports.clock.wall_ms();
    RunEvent event{run.id, run.raw_key, run.principal, false, 0, now, {}};
    auto ended = co_await report_interrupted(impl_->ports.runs, impl_->ports.transcripts,
                                             std::move(run), now);
    if (!ended) {
      // One that cannot be closed now must not keep the others from being taken up.
      kLog.error("an interrupted turn could not be closed",
                 {{"run", event.run.value}, {"cause", ended.error().detail}});
      continue;
    }
    ++result.interrupted;
    kLog.warn("a turn that the last stop interrupted was closed", {{"run", event.run.value}});
    // Clients that are back already, and those who wait for this run, hear of its end.
    event.what = std::move(*ended);
    impl_->ports.fanout.publish(std::move(event));
  }
  co_return result;
}

Task<void> Dispatcher::drain(std::int64_t limit_ms) {
  impl_->draining = true;
  impl_->lanes.hold();
  const auto end = impl_->ports.clock.steady_ms() + limit_ms;
  while (impl_->lanes.running() > 0) {
    const auto left = end - impl_->ports.clock.steady_ms();
    if (left <= 0) break;
    co_await impl_->idle.wait_for(std::chrono::milliseconds(std::min<std::int64_t>(left, 250)));
  }
  impl_->lanes.stop_all("shutdown");
  // Told to stop, a turn only has its last commit left to do.
  constexpr std::int64_t kLastCommit = 5'000;
  const auto hard_end = impl_->ports.clock.steady_ms() + kLastCommit;
  while (impl_->lanes.running() > 0 && impl_->ports.clock.steady_ms() < hard_end)
    co_await impl_->idle.wait_for(std::chrono::milliseconds(50));
}

}  // namespace carapace::dispatch

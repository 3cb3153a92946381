#include "app/reload/keeper.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "app/reload/config_look.h"
#include "app/reload/settling.h"
#include "app/start/fields.h"
#include "app/start/standing.h"
#include "async/coro.h"
#include "async/file_watch.h"
#include "async/pool.h"
#include "async/signal.h"
#include "async/task_group.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "config/config.h"
#include "log/log.h"

namespace carapace::app {
namespace {

using config::ReloadStep;
using std::chrono::milliseconds;

constexpr log::Log kLog{"config"};
constexpr milliseconds kChoresLater{250};
// Before a restart that nobody gave a time: whoever wrote the change still gets his answer, or says
// when it shall be.
constexpr std::int64_t kGraceMs = 150;

void log_failure(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& what) {
    kLog.error("looking at the configuration failed", {{"cause", what.what()}});
  }
}

std::string on_one_line(const config::ReloadPlan& plan) {
  return replace_all(to_text(plan), "\n", " ");
}

}  // namespace

std::string_view to_text(ReloadOutcome outcome) {
  switch (outcome) {
    case ReloadOutcome::none: return "none";
    case ReloadOutcome::hot: return "hot";
    case ReloadOutcome::restart: return "restart";
    case ReloadOutcome::waiting: return "waiting";
    case ReloadOutcome::invalid: return "invalid";
  }
  return "";
}

struct Keeper::Impl : std::enable_shared_from_this<Impl> {
  Loop& loop;
  Options options;
  config::Environment environment;
  SystemClock clock;
  Pool pool{"config", 1};
  TaskGroup work;
  std::unique_ptr<FileWatch> watch;
  std::vector<std::string> watched;

  std::shared_ptr<const Plan> plan;       // in force
  std::shared_ptr<const Plan> candidate;  // the newest that the file gave; null: that in force
  std::shared_ptr<const Plan> before;     // of the house before, while the next one starts
  json::value in_force;                   // the tree that the running house has applied
  std::optional<json::value> refused;     // no house could be started with this one
  ConfigState state;
  config::ReloadMode mode = config::ReloadMode::hybrid;
  std::int64_t debounce_ms = 300;

  std::optional<HouseEnds> house;
  Settling settling;
  Signal changed;
  std::uint64_t wanted = 0, done = 0;  // looks that were asked for
  Signal finished;
  ReloadOutcome last = ReloadOutcome::none;
  config::ReloadPlan last_plan;
  enum class Waiting : std::uint8_t { nothing, ours, asked };
  Waiting restart_waits = Waiting::nothing;
  std::uint64_t restart_number = 0;  // of the restart that waits; one that was replaced is void
  bool restarting = false;

  Impl(Loop& on, Options given, config::Environment real, Plan first)
      : loop(on),
        options(std::move(given)),
        environment(std::move(real)),
        work(on, &log_failure),
        plan(std::make_shared<const Plan>(std::move(first))),
        in_force(plan->config.tree()),
        state(plan->file) {
    take_settings(plan->config);
  }

  std::int64_t now() const { return clock.steady_ms(); }
  void take_settings(const config::Config& config) {
    mode = config::reload_mode_from(config.text("gateway.reload.mode"));
    debounce_ms = config.integer("gateway.reload.debounceMs");
  }
  void start_watching();
  void set_watched(std::vector<WatchedFile> files);

  static Task<void> serve(std::shared_ptr<Impl> self);
  static Task<void> settle_in(std::shared_ptr<Impl> self);
  Task<void> wait_until_due();
  Task<void> look();
  ReloadOutcome judge(ConfigLook found);
  ReloadOutcome act(std::shared_ptr<const Plan> next);
  ReloadOutcome carry_out(std::shared_ptr<const Plan> next, const config::ReloadPlan& what,
                          ReloadStep step);
  ReloadOutcome reject(ConfigState found, bool asked);
  void tell(ReloadOutcome outcome, const config::ReloadPlan& what);
  void begin_restart(std::string reason);
  void restart_in(std::int64_t delay_ms, std::string by, Waiting who);
  static Task<void> restart_later(std::shared_ptr<Impl> self, std::uint64_t number,
                                  std::int64_t delay_ms, std::string by);
  Task<void> remember(ReloadOutcome outcome);
  Task<void> keep_good();
  static Task<void> keep(std::shared_ptr<Impl> self);
};

void Keeper::Impl::start_watching() {
  const std::weak_ptr weak = weak_from_this();
  watch = std::make_unique<FileWatch>(
      loop, pool,
      [weak](FileWatch::Kind kind) {
        if (const auto self = weak.lock()) {
          self->settling.changed(kind, self->now());
          self->changed.notify_all();
        }
      },
      [](const std::string& why) {
        kLog.warn("changes of the configuration are looked for twice a second", {{"why", why}});
      });
  set_watched(files_of(plan->config.document()));
  work.spawn(serve(shared_from_this()));
}

void Keeper::Impl::set_watched(std::vector<WatchedFile> files) {
  std::vector<std::string> paths;
  for (const auto& file : files) paths.push_back(file.path);
  if (paths == watched) return;
  watched = std::move(paths);
  watch->watch(std::move(files));
}

// What a new house leaves for later commands and starts; not while its first clients come.
Task<void> Keeper::Impl::settle_in(std::shared_ptr<Impl> self) {
  co_await sleep_for(kChoresLater);
  if (!self->house) co_return;
  co_await self->keep_good();
  co_await self->remember(ReloadOutcome::none);
  // Once, whatever is told: the file may have changed while there was no house.
  self->settling.changed(FileWatch::Kind::replaced, self->now());
  self->changed.notify_all();
}

Task<void> Keeper::Impl::serve(std::shared_ptr<Impl> self) {
  while (true) {
    co_await self->wait_until_due();
    const auto covered = self->wanted;
    self->settling.begin_look();
    co_await self->look();
    self->done = covered;
    self->finished.notify_all();
  }
}

Task<void> Keeper::Impl::wait_until_due() {
  while (true) {
    std::optional<std::int64_t> due;
    if (house && !restarting) {
      if (wanted > done) co_return;
      due = settling.due(debounce_ms);
      if (due && *due <= now()) co_return;
    }
    if (due) {
      co_await changed.wait_for(milliseconds(*due - now()));
    } else {
      co_await changed.wait();
    }
  }
}

Task<void> Keeper::Impl::look() {
  LookSettings settings{watched, errors_of(plan->file.issues), plan->config.from_file()};
  auto found = co_await offload(
      pool, [place = plan->place, given = environment, settings = std::move(settings)] {
        return look_at(place, given, settings);
      });
  if (!house || restarting) co_return;
  set_watched(found.files);
  // A file that was not watched while it was read may have changed meanwhile.
  if (found.fresh) settling.changed(FileWatch::Kind::replaced, now());
  const bool asked = wanted > done;
  std::shared_ptr<const Plan> next;
  if (found.usable) {
    auto made = plan_of(options, plan->place, std::move(*found.config));
    if (made) {
      made->file = found.state;
      next = std::make_shared<const Plan>(std::move(*made));
    } else {
      add_error(found.state, made.error().detail);
    }
  }
  if (next && refused && next->config.tree() == *refused) co_return;
  if (!next) {
    found.state.valid = false;
    if (!asked && settling.doubt(now(), debounce_ms)) co_return;
    last = reject(std::move(found.state), asked);
  } else {
    refused.reset();
    last = act(std::move(next));
  }
  if (last == ReloadOutcome::hot) settling.acted(now());
  co_await remember(last);
}

ReloadOutcome Keeper::Impl::reject(ConfigState found, bool asked) {
  const bool news =
      asked || state.valid || state.hash != found.hash || state.issues != found.issues;
  found.in_force = state.in_force;
  found.waiting = state.waiting;
  state = std::move(found);
  if (!news) return ReloadOutcome::invalid;
  for (const auto& problem : sentences(state, config::Severity::error))
    kLog.error("the configuration file cannot be used; what was in force stays in force",
               {{"file", state.file}, {"problem", problem}});
  last_plan = {};
  tell(ReloadOutcome::invalid, last_plan);
  return ReloadOutcome::invalid;
}

ReloadOutcome Keeper::Impl::act(std::shared_ptr<const Plan> next) {
  const auto what = config::plan_reload(in_force, next->config.tree(), schema());
  take_settings(next->config);
  const bool mended = !state.valid && next->file.valid;
  const bool news = mended || state.hash != next->file.hash || !what.empty();
  const auto in_force_hash = state.in_force;
  state = next->file;
  state.in_force = in_force_hash;
  for (const auto& warning : sentences(state, config::Severity::warning))
    if (news) kLog.warn("configuration", {{"issue", warning}});
  if (mended) kLog.info("the configuration file can be used again", {{"file", state.file}});
  const auto outcome = carry_out(std::move(next), what, what.step(mode));
  if (!what.empty()) last_plan = what;
  if (news) tell(outcome, what);
  if (outcome == ReloadOutcome::restart && restart_waits == Waiting::nothing)
    restart_in(kGraceMs, "a changed configuration", Waiting::ours);
  return outcome;
}

ReloadOutcome Keeper::Impl::carry_out(std::shared_ptr<const Plan> next,
                                      const config::ReloadPlan& what, ReloadStep step) {
  candidate = next;
  const bool left = mode == config::ReloadMode::off || what.needs_restart();
  state.waiting.clear();
  if (step == ReloadStep::restart) {
    kLog.info("the gateway restarts for a changed configuration", {{"plan", on_one_line(what)}});
    state.waiting = what.paths();
    return ReloadOutcome::restart;
  }
  if (step == ReloadStep::nothing && left && !what.empty()) {
    state.waiting = mode == config::ReloadMode::off ? what.paths() : what.paths(Reload::restart);
    if (!state.waiting.empty())
      kLog.warn("a changed configuration waits for a restart",
                {{"mode", std::string(to_text(mode))},
                 {"keys", fmt::format("{}", fmt::join(state.waiting, ", "))}});
    return ReloadOutcome::waiting;
  }
  if (step == ReloadStep::apply) {
    house->apply(next, what);
    kLog.info("configuration reloaded", {{"plan", on_one_line(what)}});
    state.waiting = what.paths(Reload::restart);
    if (!state.waiting.empty())
      kLog.warn("some changed keys wait for a restart",
                {{"keys", fmt::format("{}", fmt::join(state.waiting, ", "))}});
  }
  in_force = tree_without(in_force, next->config.tree(), state.waiting);
  state.in_force = state.hash;
  plan = std::move(next);
  work.spawn(keep(shared_from_this()));
  return step == ReloadStep::apply ? ReloadOutcome::hot : ReloadOutcome::none;
}

void Keeper::Impl::tell(ReloadOutcome outcome, const config::ReloadPlan& what) {
  if (house) house->tell({outcome, what, state});
}

void Keeper::Impl::begin_restart(std::string reason) {
  if (!house || std::exchange(restarting, true)) return;
  restart_waits = Waiting::nothing;
  finished.notify_all();
  house->restart(reason);
}

void Keeper::Impl::restart_in(std::int64_t delay_ms, std::string by, Waiting who) {
  restart_waits = who;
  work.spawn(restart_later(shared_from_this(), ++restart_number, delay_ms, std::move(by)));
}

Task<void> Keeper::Impl::restart_later(std::shared_ptr<Impl> self, std::uint64_t number,
                                       std::int64_t delay_ms, std::string by) {
  co_await sleep_for(milliseconds(delay_ms));
  if (number != self->restart_number) co_return;
  // What is in the file now is what the next house starts with.
  const auto mine = ++self->wanted;
  self->changed.notify_all();
  while (self->done < mine && !self->restarting) co_await self->finished.wait();
  if (number != self->restart_number || self->restarting || !self->house) co_return;
  // It was taken back meanwhile.
  if (self->restart_waits == Waiting::ours && self->state.waiting.empty()) {
    self->restart_waits = Waiting::nothing;
    co_return;
  }
  kLog.info("the gateway restarts", {{"for", by}});
  self->begin_restart("gateway restarting");
}

// The configuration that a gateway runs with is what a later start can fall back on.
Task<void> Keeper::Impl::keep_good() {
  if (plan->file_error || !plan->config.from_file()) co_return;
  const auto kept = co_await offload(
      pool, [in = plan->place.state_dir, document = plan->config.document(),
             at_ms = clock.wall_ms()] { return record_good(in, document, at_ms); });
  if (!kept)
    kLog.warn("the configuration could not be kept for later starts",
              {{"cause", kept.error().detail}});
}

Task<void> Keeper::Impl::keep(std::shared_ptr<Impl> self) { co_await self->keep_good(); }

// For the commands of this machine.
Task<void> Keeper::Impl::remember(ReloadOutcome outcome) {
  Standing standing;
  standing.pid = ::getpid();
  standing.config_file = plan->place.config_path;
  standing.in_force = state.in_force;
  standing.seen = state.hash;
  standing.outcome = state.valid ? to_text(outcome) : "invalid";
  standing.parts = outcome == ReloadOutcome::hot ? last_plan.parts() : std::vector<std::string>();
  standing.waiting = state.waiting;
  if (!state.valid) standing.problems = sentences(state, config::Severity::error);
  const auto written = co_await offload(
      pool, [in = plan->place.state_dir, standing] { return write_standing(in, standing); });
  if (!written)
    kLog.warn("the state of the configuration could not be written down",
              {{"cause", written.error().detail}});
}

Keeper::Keeper(Loop& loop, Options options, config::Environment environment, Plan first)
    : impl_(std::make_shared<Impl>(loop, std::move(options), std::move(environment),
                                   std::move(first))) {}

Keeper::~Keeper() {
  impl_->house.reset();
  impl_->watch.reset();
  impl_->work.cancel();
  impl_->loop.run_task(impl_->work.join());
}

void Keeper::attach(HouseEnds house) {
  impl_->house = std::move(house);
  impl_->before.reset();
  if (!impl_->watch) impl_->start_watching();
  impl_->work.spawn(Impl::settle_in(impl_));
  impl_->changed.notify_all();
}

void Keeper::detach() {
  impl_->house.reset();
  impl_->finished.notify_all();
}

std::shared_ptr<const Plan> Keeper::plan() const { return impl_->plan; }
const ConfigState& Keeper::state() const { return impl_->state; }
config::ReloadMode Keeper::mode() const { return impl_->mode; }
const config::Environment& Keeper::environment() const { return impl_->environment; }
const config::ReloadPlan& Keeper::last_plan() const { return impl_->last_plan; }

Task<ReloadOutcome> Keeper::reload() {
  const auto impl = impl_;
  const auto mine = ++impl->wanted;
  impl->changed.notify_all();
  while (impl->done < mine && impl->house && !impl->restarting) co_await impl->finished.wait();
  co_return impl->restarting ? ReloadOutcome::restart : impl->last;
}

void Keeper::reload_soon() {
  ++impl_->wanted;
  impl_->changed.notify_all();
}

bool Keeper::request_restart(std::int64_t delay_ms, std::string reason) {
  if (impl_->restarting || impl_->restart_waits == Impl::Waiting::asked) return false;
  impl_->restart_in(delay_ms, std::move(reason), Impl::Waiting::asked);
  return true;
}

std::shared_ptr<const Plan> Keeper::next_plan(std::uint16_t port) {
  auto& impl = *impl_;
  if (!std::exchange(impl.restarting, false)) return nullptr;
  impl.before = impl.plan;
  auto next = impl.candidate ? impl.candidate : impl.plan;
  if (next->port == 0) {
    impl.options.port = port;
    auto copy = *next;
    copy.port = port;
    next = std::make_shared<const Plan>(std::move(copy));
  }
  impl.candidate.reset();
  impl.plan = std::move(next);
  if (!impl.plan->file_error) impl.state.in_force = impl.plan->file.hash;
  impl.in_force = impl.plan->config.tree();
  impl.state.waiting.clear();
  return impl.plan;
}

std::shared_ptr<const Plan> Keeper::fall_back(const Error& cause) {
  auto& impl = *impl_;
  CARAPACE_CHECK(impl.before != nullptr);
  impl.refused = impl.plan->config.tree();
  impl.plan = impl.before;
  impl.in_force = impl.plan->config.tree();
  impl.state.in_force = impl.plan->file.in_force;
  add_error(impl.state, "the gateway could not start with it: " + cause.detail);
  return impl.plan;
}

}  // namespace carapace::app

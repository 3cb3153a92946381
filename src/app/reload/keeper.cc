#include "app/reload/keeper.h"

#include <chrono>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "app/reload/keeper_impl.h"
#include "async/coro.h"
#include "base/json.h"
#include "log/log.h"
#include "process/memory.h"

namespace carapace::app {
namespace {

using std::chrono::milliseconds;

constexpr log::Log kLog{"config"};
constexpr milliseconds kChoresLater{250};

void log_failure(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& what) {
    kLog.error("looking at the configuration failed", {{"cause", what.what()}});
  }
}

}  // namespace

Keeper::Impl::Impl(Loop& on, Options given, config::Environment real, Plan first)
    : loop(on),
      options(std::move(given)),
      environment(std::move(real)),
      work(on, &log_failure),
      plan(std::make_shared<const Plan>(std::move(first))),
      in_force(std::make_shared<const json::value>(plan->config.tree())),
      state(plan->file) {
  take_settings(plan->config);
}

void Keeper::Impl::take_settings(const config::Config& config) {
  mode = config::reload_mode_from(config.text("gateway.reload.mode"));
  debounce_ms = config.integer("gateway.reload.debounceMs");
}

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
  co_await self->keep_plan();
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
    process::give_back_memory();
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
  const bool asked = wanted > done;
  LookSettings settings{watched, errors_of(plan->file.issues), plan->config.from_file()};
  auto found = co_await offload(
      pool, [place = plan->place, given = environment, settings = std::move(settings)] {
        return look_at(place, given, settings);
      });
  if (!house || restarting) co_return;
  set_watched(found.files);
  // A file that was not watched while it was read may have changed meanwhile.
  if (found.fresh) settling.changed(FileWatch::Kind::replaced, now());
  auto next = plan_for(found);
  if (next && refused && !asked && next->config.tree() == *refused) co_return;
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
  impl_->proven = impl_->plan;
  if (!impl_->watch) impl_->start_watching();
  impl_->work.spawn(Impl::settle_in(impl_));
  impl_->changed.notify_all();
}

void Keeper::detach() {
  impl_->house.reset();
  impl_->done = impl_->wanted;  // whoever asked went with it
  impl_->finished.notify_all();
}

std::shared_ptr<const Plan> Keeper::plan() const { return impl_->plan; }
const json::value& Keeper::in_force() const { return *impl_->in_force; }
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

}  // namespace carapace::app

// Restarts in this process: when they come, what the next house is made from, and the way back.
#include <chrono>
#include <utility>

#include "app/reload/keeper_impl.h"
#include "async/coro.h"
#include "base/json.h"
#include "log/log.h"

namespace carapace::app {
namespace {

constexpr log::Log kLog{"config"};

}  // namespace

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
  co_await sleep_for(std::chrono::milliseconds(delay_ms));
  if (number != self->restart_number) co_return;
  // What is in the file now is what the next house starts with.
  const auto mine = ++self->wanted;
  self->changed.notify_all();
  while (self->done < mine && !self->restarting) co_await self->finished.wait();
  if (number != self->restart_number || self->restarting || !self->house) co_return;
  // It was taken back meanwhile, or broken: then what is in force stays until it is mended.
  if (self->restart_waits == Waiting::ours && self->last != ReloadOutcome::restart) {
    self->restart_waits = Waiting::nothing;
    co_return;
  }
  // Ours was told of when the change was seen.
  if (self->restart_waits == Waiting::asked) kLog.info("the gateway restarts", {{"for", by}});
  self->begin_restart("gateway restarting");
}

std::shared_ptr<const Plan> Keeper::next_plan(std::uint16_t port) {
  auto& impl = *impl_;
  if (!std::exchange(impl.restarting, false)) return nullptr;
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
  impl.in_force = std::make_shared<const json::value>(impl.plan->config.tree());
  impl.left.clear();
  impl.state.waiting.clear();
  return impl.plan;
}

std::shared_ptr<const Plan> Keeper::Impl::return_to(std::shared_ptr<const Plan> good,
                                                    const Error& cause) {
  refused = std::make_shared<const json::value>(plan->config.tree());
  plan = std::move(good);
  candidate.reset();
  in_force = std::make_shared<const json::value>(plan->config.tree());
  state.in_force = plan->file_error ? plan->file.in_force : plan->file.hash;
  add_error(state, "the gateway could not start with it: " + cause.detail);
  return plan;
}

std::shared_ptr<const Plan> Keeper::fall_back(const Error& cause) {
  CARAPACE_CHECK(impl_->proven != nullptr);
  return impl_->return_to(impl_->proven, cause);
}

std::shared_ptr<const Plan> Keeper::fall_back(const Error& cause, Plan good) {
  return impl_->return_to(std::make_shared<const Plan>(std::move(good)), cause);
}

}  // namespace carapace::app

#include "async/signal.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>

#include "async/coro.h"

namespace carapace {

namespace asio = boost::asio;

namespace {
struct Waiter {
  asio::steady_timer timer;
  bool notified = false;
};
}  // namespace

struct Signal::Impl {
  std::list<Waiter> waiters;
};

namespace {

// Takes the waiter off the list however the wait ends, also when cancellation unwinds it.
template <typename ImplPtr>
struct Listed {
  ImplPtr impl;
  std::list<Waiter>::iterator at;
  ~Listed() { impl->waiters.erase(at); }
};

}  // namespace

Signal::Signal() : impl_(std::make_shared<Impl>()) {}
Signal::~Signal() = default;

void Signal::notify_all() {
  for (auto& waiter : impl_->waiters) {
    waiter.notified = true;
    waiter.timer.cancel();
  }
}

Task<void> Signal::wait() { co_await wait_for(std::chrono::hours(24 * 365)); }

Task<bool> Signal::wait_for(std::chrono::milliseconds limit) {
  const auto impl = impl_;
  const auto executor = co_await asio::this_coro::executor;
  const auto at = impl->waiters.emplace(impl->waiters.end(), asio::steady_timer(executor, limit));
  const Listed<std::shared_ptr<Impl>> listed{impl, at};
  auto [error] = co_await at->timer.async_wait(asio::as_tuple(asio::use_awaitable));
  if (error && !at->notified) throw boost::system::system_error(error);  // the group was cancelled
  co_return at->notified;
}

}  // namespace carapace

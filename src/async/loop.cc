#include "async/loop.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <list>

#include "async/coro.h"

namespace carapace {

namespace asio = boost::asio;

struct Loop::Impl {
  asio::io_context context{1};
  struct Signals {
    Signals(asio::io_context& loop, std::function<void(int)> call)
        : set(loop), handler(std::move(call)) {}
    asio::signal_set set;
    std::function<void(int)> handler;
  };
  std::list<Signals> signals;

  void wait(Signals& entry) {
    entry.set.async_wait([this, &entry](boost::system::error_code error, int number) {
      if (error) return;
      entry.handler(number);
      wait(entry);
    });
  }
};

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

void Loop::run() {
  impl_->context.restart();
  impl_->context.run();
}
void Loop::stop() { impl_->context.stop(); }

void Loop::post(std::move_only_function<void()> work) {
  asio::post(impl_->context, std::move(work));
}

void Loop::on_signal(std::initializer_list<int> signals, std::function<void(int)> handler) {
  auto& entry = impl_->signals.emplace_back(impl_->context, std::move(handler));
  for (const int number : signals) entry.set.add(number);
  impl_->wait(entry);
}

void Loop::run_task(Task<void> task) {
  bool done = false;
  std::exception_ptr thrown;
  asio::co_spawn(impl_->context, std::move(task), [&](std::exception_ptr error) {
    thrown = std::move(error);
    done = true;
    impl_->context.stop();
  });
  while (!done) {
    impl_->context.restart();
    impl_->context.run();
    if (!done && impl_->context.stopped()) continue;
  }
  impl_->context.restart();
  if (thrown) std::rethrow_exception(thrown);
}

asio::io_context& Loop::context() { return impl_->context; }

Task<void> sleep_for(std::chrono::milliseconds duration) {
  asio::steady_timer timer(co_await asio::this_coro::executor, duration);
  co_await timer.async_wait(asio::use_awaitable);
}

Task<void> yield_now() {
  const auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
}

}  // namespace carapace

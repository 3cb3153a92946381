// One-shot hand-over from another thread to a coroutine of the loop. `park` suspends its caller and
// gives `start` a Waiter; whoever holds the Waiter completes it once, from any thread, and the
// coroutine goes on where it was. `complete_all` wakes a whole batch with one hop per loop. Used by
// the store's writer; for plain "run this elsewhere" take `offload`. Like there, a waiter keeps the
// loop running, cancelling does not interrupt the wait, and a Waiter that dies without an answer is
// our mistake.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "async/coro.h"
#include "base/error.h"

namespace carapace {

template <typename T>
class Waiter {
 public:
  Waiter() = default;
  Waiter(boost::asio::any_io_executor home, std::move_only_function<void(std::optional<T>)> resume)
      : home_(
            boost::asio::prefer(std::move(home), boost::asio::execution::outstanding_work.tracked)),
        resume_(std::move(resume)) {}

  bool pending() const { return static_cast<bool>(resume_); }
  // Thread-safe against the loop; consumes the waiter.
  void complete(T value) && {
    CARAPACE_CHECK(pending());
    auto home = home_;
    boost::asio::post(home, [self = std::move(*this), answer = std::move(value)]() mutable {
      self.resume_(std::move(answer));
    });
  }

 private:
  template <typename U>
  friend void complete_all(std::vector<std::pair<Waiter<U>, U>> batch);

  boost::asio::any_io_executor home_;
  std::move_only_function<void(std::optional<T>)> resume_;
};

// Completes every waiter of the batch, in order, with one post for each loop that waits.
template <typename T>
void complete_all(std::vector<std::pair<Waiter<T>, T>> batch) {
  while (!batch.empty()) {
    auto home = batch.front().first.home_;
    std::vector<std::pair<Waiter<T>, T>> here, elsewhere;
    for (auto& entry : batch) {
      CARAPACE_CHECK(entry.first.pending());
      (entry.first.home_ == home ? here : elsewhere).push_back(std::move(entry));
    }
    boost::asio::post(home, [here = std::move(here)]() mutable {
      for (auto& [waiter, value] : here) waiter.resume_(std::move(value));
    });
    batch = std::move(elsewhere);
  }
}

// Calls `start(Waiter<T>)` on the loop, now; returns what the waiter is completed with.
template <typename T>
Task<T> park(std::move_only_function<void(Waiter<T>)> start) {
  auto value = co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&,
                                                    void(std::optional<T>)>(
      [](auto handler, std::move_only_function<void(Waiter<T>)> begin) {
        boost::asio::any_io_executor home = boost::asio::get_associated_executor(handler);
        begin(Waiter<T>(std::move(home),
                        std::move_only_function<void(std::optional<T>)>(std::move(handler))));
      },
      boost::asio::use_awaitable, std::move(start));
  co_return std::move(*value);
}

}  // namespace carapace

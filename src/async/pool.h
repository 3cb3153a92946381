// Work that blocks (disk, hashing, DNS) runs on a pool; the coroutine that waits stays on the loop:
// `co_await offload(pool, fn)`. `fn` is a plain function object and must not touch loop-owned
// state. Threads start at the first use. The pool outlives the loop's tasks; its destructor
// finishes the queue.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "async/coro.h"

namespace carapace {

class Pool {
 public:
  Pool(std::string name, std::size_t threads);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  void submit(std::move_only_function<void()> work);  // thread-safe

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Runs `fn` on the pool and resumes with its value (which must not be void; use Status).
template <typename F, typename R = std::invoke_result_t<F&>>
Task<R> offload(Pool& pool, F fn) {
  auto value = co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&,
                                                    void(std::optional<R>)>(
      [](auto handler, Pool* target, F work) {
        auto executor = boost::asio::get_associated_executor(handler);
        target->submit([handler = std::move(handler), work = std::move(work),
                        guard = boost::asio::make_work_guard(executor)]() mutable {
          std::optional<R> result(work());
          auto back = guard.get_executor();
          boost::asio::post(back,
                            [handler = std::move(handler), result = std::move(result)]() mutable {
                              handler(std::move(result));
                            });
        });
      },
      boost::asio::use_awaitable, &pool, std::move(fn));
  co_return std::move(*value);
}

}  // namespace carapace

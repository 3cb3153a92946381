// For .cc files that write coroutines: what `co_await` and `co_return` on a `Task` need, and
// sleeping.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "async/task.h"

namespace carapace {

// Sleeps on the steady clock. Ends early, by unwinding, when the owning TaskGroup is cancelled.
Task<void> sleep_for(std::chrono::milliseconds duration);
// Lets everything else that is ready run first.
Task<void> yield_now();

}  // namespace carapace

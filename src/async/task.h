// `Task<T>` is the house's coroutine: lazy, awaited once, resumed on the loop it was started on.
// This header only names it, so that an interface costs nothing to include; a file that awaits
// includes `async/coro.h`. Rules: a reference parameter means "my caller awaits me now"; no
// capturing lambda is a coroutine; views are never coroutine parameters of work that outlives its
// caller.
#pragma once

namespace boost::asio {
class any_io_executor;
template <typename T, typename Executor>
class awaitable;
}  // namespace boost::asio

namespace carapace {
template <typename T>
using Task = boost::asio::awaitable<T, boost::asio::any_io_executor>;
}  // namespace carapace

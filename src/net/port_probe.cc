#include "net/port_probe.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <utility>

#include "async/coro.h"

namespace carapace::net {

namespace asio = boost::asio;

Task<bool> is_listening(Loop& loop, std::string address, std::uint16_t port,
                        std::int64_t limit_ms) {
  boost::system::error_code bad;
  const auto ip = asio::ip::make_address(address, bad);
  if (bad) co_return false;
  // Shared, because the timer's handler may already be queued when the connect is over.
  const auto socket = std::make_shared<asio::ip::tcp::socket>(loop.context());
  asio::steady_timer timer(loop.context(), std::chrono::milliseconds(limit_ms));
  timer.async_wait([socket](boost::system::error_code error) {
    boost::system::error_code ignored;
    if (!error) socket->close(ignored);
  });
  auto [error] = co_await socket->async_connect({ip, port}, asio::as_tuple(asio::use_awaitable));
  timer.cancel();
  co_return !error;
}

}  // namespace carapace::net

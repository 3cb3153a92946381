#include "net/server/connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <exception>
#include <utility>

#include "async/coro.h"
#include "log/log.h"

namespace carapace::net {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr log::Log kLog{"net"};
constexpr std::size_t kFlushPerTurn = 256;
constexpr std::int64_t kLingerMs = 5'000;
constexpr std::size_t kLingerBytes = 64 << 20;
constexpr std::size_t kLingerBuffer = 16 << 10;
// Connections over the limit that are still told so; further ones are only closed.
constexpr std::size_t kRefusedAtOnce = 64;

void log_failure(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& failure) {
    kLog.error("connection ended by an exception", {{"what", failure.what()}});
  } catch (...) {
    kLog.error("connection ended by an unknown exception");
  }
}

// A connection is in its server's list for as long as its task runs, however that ends.
class Enlisted {
 public:
  explicit Enlisted(ConnectionPtr connection) : connection_(std::move(connection)) {
    auto& all = connection_->core().connections;
    connection_->index = static_cast<std::uint32_t>(all.size());
    all.push_back(connection_.get());
  }
  ~Enlisted() {
    auto& core = connection_->core();
    core.connections[connection_->index] = core.connections.back();
    core.connections[connection_->index]->index = connection_->index;
    core.connections.pop_back();
    connection_->abort();
    if (core.connections.empty()) core.emptied.notify_all();
  }
  Enlisted(const Enlisted&) = delete;
  Enlisted& operator=(const Enlisted&) = delete;

 private:
  ConnectionPtr connection_;
};

class Refused {
 public:
  explicit Refused(ServerCore& core) : core_(core) { ++core_.refused; }
  ~Refused() { --core_.refused; }
  Refused(const Refused&) = delete;
  Refused& operator=(const Refused&) = delete;

 private:
  ServerCore& core_;
};

Task<void> serve(ConnectionPtr connection, std::unique_ptr<Peer> peer) {
  const Enlisted enlisted(connection);
  auto& core = connection->core();
  if (core.connections.size() - core.refused > core.options.max_connections) {
    const Refused refused(core);
    co_await serve_refusal(connection);
    co_return;
  }
  auto upgrade = co_await serve_http(connection, std::move(*peer));
  peer = nullptr;
  if (upgrade) co_await serve_websocket(std::move(connection), std::move(upgrade));
}

}  // namespace

ServerCore::ServerCore(Loop& owner, ServerOptions settings, ServerHandler handlers)
    : context(owner.context()),
      options(std::move(settings)),
      handler(std::move(handlers)),
      tasks(owner, log_failure),
      deadlines(context) {}

void ServerCore::adopt(int socket, Peer peer) {
  if (draining || refused >= kRefusedAtOnce) {
    ::close(socket);
    return;
  }
  tasks.spawn(serve(std::make_shared<Connection>(shared_from_this(), socket),
                    std::make_unique<Peer>(std::move(peer))));
}

void ServerCore::flush_soon(ConnectionPtr connection) {
  if (std::exchange(connection->dirty, true)) return;
  dirty_.push_back(std::move(connection));
  if (!std::exchange(flush_posted_, true))
    asio::post(context, [self = shared_from_this()] { self->flush_all(); });
}

void ServerCore::forget_flush(const Connection& connection) {
  if (!dirty_.empty() && dirty_.back().get() == &connection) {
    dirty_.back()->dirty = false;
    dirty_.pop_back();
  }
}

void ServerCore::flush_all() {
  flush_posted_ = false;
  if (dirty_.size() <= kFlushPerTurn) {
    flushing_.swap(dirty_);
  } else {
    // A broadcast to thousands leaves room for reads in between.
    const auto end = dirty_.begin() + static_cast<std::ptrdiff_t>(kFlushPerTurn);
    flushing_.assign(std::make_move_iterator(dirty_.begin()), std::make_move_iterator(end));
    dirty_.erase(dirty_.begin(), end);
    flush_posted_ = true;
    asio::post(context, [self = shared_from_this()] { self->flush_all(); });
  }
  for (const auto& connection : flushing_) {
    connection->dirty = false;
    connection->flush();
  }
  flushing_.clear();
}

void ServerCore::begin_draining(std::uint16_t code, std::string reason) {
  draining = true;
  close_code = code;
  close_reason = std::move(reason);
  // Neither call ends a task at once, so the list stays as it is.
  for (auto* connection : connections) {
    if (connection->websocket != nullptr)
      connection->websocket->close(close_code, close_reason);
    else if (connection->phase == Connection::Phase::idle)
      connection->abort();
  }
}

void ServerCore::abort_all() {
  for (auto* connection : connections) connection->abort();
}

Connection::Connection(std::shared_ptr<ServerCore> core, int socket)
    : core_(std::move(core)), socket_(core_->context) {
  error_code error;
  socket_.assign(asio::ip::tcp::v4(), socket, error);
  if (error) {
    ::close(socket);
    gone_ = true;
    return;
  }
  socket_.native_non_blocking(true, error);
  socket_.set_option(asio::ip::tcp::no_delay(true), error);
  socket_.set_option(asio::socket_base::keep_alive(true), error);
#ifdef SO_NOSIGPIPE
  const int on = 1;
  ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
}

Task<std::size_t> Connection::read_some(char* data, std::size_t size) {
  // A deadline that passed between two reads found nothing to stop.
  if (timed_out_ || gone_) co_return 0;
  const auto [error, count] = co_await socket_.async_read_some(asio::buffer(data, size),
                                                               asio::as_tuple(asio::use_awaitable));
  co_return error ? 0 : count;
}

void Connection::flush() {
  if (writing_ || gone_ || out_.empty()) return;
  switch (out_.send_to(socket_.native_handle())) {
    case OutQueue::Sent::all: wake(); return;
    case OutQueue::Sent::blocked: wait_writable(); return;
    case OutQueue::Sent::failed: abort(); return;
  }
}

void Connection::flush_soon() { core_->flush_soon(shared_from_this()); }

void Connection::flush_now() {
  if (!dirty) return;
  flush();
  core_->forget_flush(*this);
}

Backlog Connection::backlog() const {
  return {out_.unsent_bytes(), writing_ ? steady_ms() - blocked_ms_ : 0};
}

void Connection::wait_writable() {
  writing_ = true;
  blocked_ms_ = steady_ms();
  socket_.async_wait(Socket::wait_write, [self = shared_from_this()](error_code error) {
    self->writing_ = false;
    if (self->gone_) return;
    // `stop_reading` cancels this wait as well; what is queued still has to leave.
    if (error && error != asio::error::operation_aborted) return self->abort();
    self->flush();
    self->wake();
  });
}

void Connection::wake() {
  if (progress_) progress_->notify_all();
}

Task<void> Connection::drained(std::int64_t stall_ms) {
  if (gone_ || out_.empty()) co_return;
  if (!progress_) progress_ = std::make_unique<Signal>();
  while (!gone_ && !out_.empty()) {
    if (stall_ms > 0) expect_within(stall_ms, Expiry::abort);
    co_await progress_->wait();
  }
  if (stall_ms > 0) expect_nothing();
}

void Connection::expect_within(std::int64_t ms, Expiry expiry) {
  if (gone_) return;
  timed_out_ = false;
  expiry_ = expiry;
  core_->deadlines.set(*this, ms);
}

void Connection::expect_nothing() { core_->deadlines.clear(*this); }

void Connection::on_deadline() {
  timed_out_ = true;
  error_code ignored;
  if (expiry_ == Expiry::abort)
    abort();
  else
    socket_.cancel(ignored);
}

void Connection::watch_peer(std::function<void()> left) {
  if (gone_) return;
  socket_.async_wait(Socket::wait_read, [self = shared_from_this(), watch = ++watch_,
                                         left = std::move(left)](error_code error) {
    if (error || self->gone_ || self->watch_ != watch) return;
    char byte = 0;
    const auto seen = ::recv(self->socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    // Bytes are the next request: it waits its turn, and a write will tell when the peer has
    // gone.
    if (seen > 0) return;
    if (seen < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
      return self->watch_peer(left);
    left();
  });
}

void Connection::stop_watching() {
  ++watch_;
  error_code ignored;
  if (!gone_) socket_.cancel(ignored);
}

void Connection::abort() {
  if (gone_) return;
  gone_ = true;
  expect_nothing();
  out_.clear();
  error_code ignored;
  socket_.close(ignored);
  wake();
}

Task<void> Connection::linger() {
  co_await drained(kLingerMs);
  if (gone_) co_return;
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  expect_within(kLingerMs, Expiry::abort);
  std::string heap(kLingerBuffer, '\0');
  for (std::size_t total = 0; total < kLingerBytes;) {
    const auto count = co_await read_some(heap.data(), heap.size());
    if (count == 0) break;
    total += count;
  }
  abort();
}

}  // namespace carapace::net

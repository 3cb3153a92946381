// The second life of a connection. Beast reads and judges frames (masking, fragments, UTF-8,
// limits) and makes the control frames that answer them; every byte that leaves, Beast's and ours,
// goes through the one queue of the connection, so that frames never mix and several leave in one
// system call.
#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <string>
#include <utility>

#include "async/coro.h"
#include "base/text.h"
#include "log/log.h"
#include "net/server/connection.h"

namespace carapace::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using boost::system::error_code;

namespace {

constexpr log::Log kLog{"net"};
constexpr std::int64_t kCloseMs = 5'000;
constexpr std::size_t kFirstRead = 256;  // most requests fit; what an idle connection keeps ready
constexpr std::size_t kMaxReason = 120;  // bytes
constexpr std::size_t kMaxGrowth = 64 << 10;  // room that a long message gets ahead of its bytes
// With this much waiting for a peer, its pings go unanswered: it sees that we live, and cannot make
// us pile up pongs that it does not read.
constexpr std::size_t kPongBacklog = 256 << 10;

// What Beast reads from and writes to.
class Layer {
 public:
  using executor_type = Connection::Socket::executor_type;

  explicit Layer(ConnectionPtr connection) : connection_(std::move(connection)) {}

  executor_type get_executor() { return connection_->socket().get_executor(); }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [](auto handler, Layer* self, const Buffers& into) {
          auto& unread = self->connection_->unread;
          if (unread.empty()) {
            // All that came is judged: its answers leave while they are warm, one call for all.
            self->connection_->flush_now();
            return self->connection_->socket().async_read_some(into, std::move(handler));
          }
          const auto count = asio::buffer_copy(into, asio::buffer(unread));
          unread.erase(0, count);
          if (unread.empty()) unread.shrink_to_fit();
          self->later(std::move(handler), count);
        },
        token, this, buffers);
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [](auto handler, Layer* self, std::string bytes) {
          const auto count = bytes.size();
          self->queue_control(std::move(bytes));
          self->later(std::move(handler), count);
        },
        token, this, flat(buffers));
  }
  // Only the answer to the handshake is written this way.
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers, error_code& error) {
    error = {};
    auto bytes = flat(buffers);
    const auto count = bytes.size();
    handshake_ += bytes;
    return count;
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers) {
    error_code error;
    return write_some(buffers, error);
  }
  // Never called: `accept` is given the request.
  template <class Buffers>
  std::size_t read_some(const Buffers& /*buffers*/, error_code& error) {
    error = asio::error::operation_not_supported;
    return 0;
  }
  template <class Buffers>
  std::size_t read_some(const Buffers& buffers) {
    error_code error;
    return read_some(buffers, error);
  }

  void send_handshake();
  bool close_sent() const { return close_sent_; }
  void queue_close(std::uint16_t code, std::string_view reason);

  // The end of the connection is ours to arrange (SocketSession::finish).
  template <class Handler>
  friend void async_teardown(beast::role_type /*role*/, Layer& layer, Handler&& handler) {
    asio::post(layer.get_executor(),
               beast::bind_front_handler(std::forward<Handler>(handler), error_code()));
  }
  friend void beast_close_socket(Layer& layer) { layer.connection_->abort(); }

 private:
  template <class Buffers>
  static std::string flat(const Buffers& buffers) {
    std::string bytes(asio::buffer_size(buffers), '\0');
    asio::buffer_copy(asio::buffer(bytes), buffers);
    return bytes;
  }
  template <class Handler>
  void later(Handler handler, std::size_t count) {
    asio::post(get_executor(), beast::bind_front_handler(std::move(handler), error_code(), count));
  }
  void queue_control(std::string frame);

  ConnectionPtr connection_;
  std::string handshake_;
  bool close_sent_ = false;
};

// A whole pong or close frame made by Beast.
void Layer::queue_control(std::string frame) {
  constexpr unsigned char kClose = 0x88;
  if (close_sent_ || frame.empty() || connection_->gone()) return;
  if (static_cast<unsigned char>(frame[0]) == kClose)
    close_sent_ = true;
  else if (connection_->out().unsent_bytes() > kPongBacklog)
    return;
  connection_->out().push(std::make_shared<const std::string>(std::move(frame)));
  connection_->flush_soon();
}

void Layer::queue_close(std::uint16_t code, std::string_view reason) {
  std::string frame(4, '\0');
  frame[0] = static_cast<char>(0x88);
  frame[1] = static_cast<char>(2 + reason.size());
  frame[2] = static_cast<char>(code >> 8U);
  frame[3] = static_cast<char>(code & 0xffU);
  frame += reason;
  queue_control(std::move(frame));
}

void Layer::send_handshake() {
  // Beast signs its answers when nobody else does.
  const auto server = handshake_.find("\r\nServer: ");
  if (server != std::string::npos)
    handshake_.erase(server, handshake_.find("\r\n", server + 2) - server);
  connection_->out().push(std::make_shared<const std::string>(std::move(handshake_)));
  handshake_ = {};
  connection_->flush_soon();
}

class SocketSession final : public WebSocket {
 public:
  explicit SocketSession(ConnectionPtr connection)
      : connection_(std::move(connection)), stream_(connection_) {
    stream_.read_message_max(connection_->core().options.max_frame_bytes);
  }

  bool accept(const ServerRequest& request);
  Task<void> finish();

  Task<Result<std::string>> receive() override;
  void send(Frame frame) override {
    if (stream_.next_layer().close_sent() || connection_->gone()) return;
    connection_->out().push_text(std::move(frame));
    connection_->flush_soon();
  }
  void close(std::uint16_t code, std::string reason) override {
    if (stream_.next_layer().close_sent() || connection_->gone()) return;
    stream_.next_layer().queue_close(code, truncate_utf8(sanitize_utf8(reason), kMaxReason));
    connection_->expect_within(kCloseMs, Connection::Expiry::abort);
  }
  Backlog backlog() const override { return connection_->backlog(); }

 private:
  enum class End : std::uint8_t { open, closed, refused, lost };

  Error end_reading(error_code error);

  ConnectionPtr connection_;
  websocket::stream<Layer, false> stream_;
  End end_ = End::open;
};

bool SocketSession::accept(const ServerRequest& request) {
  http::request<http::empty_body> handshake(http::verb::get, "/", 11);
  for (const auto& header : request.headers)
    if (header.name == "host" || header.name == "upgrade" || header.name == "connection" ||
        header.name.starts_with("sec-websocket-"))
      handshake.insert(header.name, header.value);
  stream_.set_option(websocket::stream_base::decorator(
      [always = &connection_->core().options.always](websocket::response_type& response) {
        for (const auto& header : *always) response.set(header.name, header.value);
      }));
  error_code error;
  stream_.accept(handshake, error);
  stream_.set_option(websocket::stream_base::decorator([](websocket::response_type&) {}));
  if (!error) stream_.next_layer().send_handshake();
  return !error;
}

// One coroutine, not two: its frame lasts as long as a peer is silent.
Task<Result<std::string>> SocketSession::receive() {
  if (end_ != End::open) co_return fail(Errc::unavailable, "the websocket is closed");
  std::string message;
  std::size_t size = 0;
  for (;;) {
    if (size == message.size()) {
      const auto room = size + std::clamp(size, kFirstRead, kMaxGrowth);
      message.resize_and_overwrite(room, [](char*, std::size_t bytes) { return bytes; });
    }
    const auto [error, count] =
        co_await stream_.async_read_some(asio::buffer(message.data() + size, message.size() - size),
                                         asio::as_tuple(asio::use_awaitable));
    size += count;
    if (error) co_return std::unexpected(end_reading(error));
    if (!stream_.is_message_done()) continue;
    if (!stream_.next_layer().close_sent()) break;
    size = 0;  // what arrives after we said goodbye is nobody's any more
  }
  message.resize(size);
  co_return message;
}

Error SocketSession::end_reading(error_code error) {
  if (error == websocket::error::closed) {
    end_ = End::closed;
    return {Errc::unavailable, "closed by the peer"};
  }
  const bool refused = error.category() == error_code(websocket::error::closed).category();
  end_ = refused ? End::refused : End::lost;
  if (error == websocket::error::message_too_big)
    return {Errc::too_large, "a message over the frame limit"};
  return {Errc::unavailable, "websocket ended: " + error.message()};
}

// Goodbye is said. The peer has until the deadline to take what is queued and to answer.
Task<void> SocketSession::finish() {
  if (connection_->gone()) co_return;
  if (end_ == End::lost) co_return;
  if (end_ != End::open) connection_->expect_within(kCloseMs, Connection::Expiry::abort);
  while (end_ == End::open) static_cast<void>(co_await receive());
  co_await connection_->drained(0);
  // After a refusal the peer may still be sending: closing now would reset the connection under our
  // frame.
  if (end_ == End::refused) co_await connection_->linger();
}

}  // namespace

Task<void> serve_websocket(ConnectionPtr connection, std::unique_ptr<ServerRequest> request) {
  connection->phase = Connection::Phase::websocket;
  auto& core = connection->core();
  const auto session = std::make_shared<SocketSession>(connection);
  if (!session->accept(*request)) co_return;
  // The server may close every socket at any time, this one as long as it is here.
  struct Named {
    Connection& connection;
    ~Named() { connection.websocket = nullptr; }
  };
  connection->websocket = session.get();
  const Named named{*connection};
  if (core.draining) session->close(core.close_code, core.close_reason);
  std::exception_ptr failure;
  try {
    auto task = core.handler.websocket(std::move(*request), session);
    request = nullptr;
    co_await std::move(task);
  } catch (const boost::system::system_error& error) {
    if (core.draining && error.code() == asio::error::operation_aborted) throw;
    failure = std::current_exception();
    kLog.error("a websocket handler threw", {{"what", error.what()}});
  } catch (const std::exception& error) {
    failure = std::current_exception();
    kLog.error("a websocket handler threw", {{"what", error.what()}});
  }
  session->close(failure ? 1011 : 1000, failure ? "internal error" : "");
  co_await session->finish();
}

}  // namespace carapace::net

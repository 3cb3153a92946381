// A bare Boost.Beast WebSocket echo server on one thread: what the stack can do when nothing is
// asked of it. `beast_echo PORT` listens on loopback until it is killed; the benchmark of our
// `health` call is compared with it. Plain callbacks, one read and one write in flight.
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;
using Socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;
using Acceptor = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;

namespace {

class Echo : public std::enable_shared_from_this<Echo> {
 public:
  explicit Echo(Socket socket) : stream_(std::move(socket)) {}

  void start() {
    stream_.async_accept([self = shared_from_this()](error_code error) {
      if (!error) self->read();
    });
  }

 private:
  void read() {
    stream_.async_read(buffer_,
                       [self = shared_from_this()](error_code error, std::size_t /*bytes*/) {
                         if (!error) self->write();
                       });
  }
  void write() {
    stream_.text(true);
    stream_.async_write(buffer_.data(),
                        [self = shared_from_this()](error_code error, std::size_t /*bytes*/) {
                          self->buffer_.clear();
                          if (!error) self->read();
                        });
  }

  beast::websocket::stream<Socket, false> stream_;
  beast::flat_buffer buffer_;
};

void accept_next(Acceptor& acceptor) {
  acceptor.async_accept([&acceptor](error_code error, Socket socket) {
    if (error) return;
    socket.set_option(tcp::no_delay(true), error);
    std::make_shared<Echo>(std::move(socket))->start();
    accept_next(acceptor);
  });
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: beast_echo PORT\n", stderr);
    return 2;
  }
  asio::io_context context(1);
  const tcp::endpoint endpoint(asio::ip::address_v4::loopback(),
                               static_cast<std::uint16_t>(std::atoi(arguments[1])));
  Acceptor acceptor(context, endpoint);
  acceptor.listen(4096);
  accept_next(acceptor);
  context.run();
}

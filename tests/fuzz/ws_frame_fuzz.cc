// Any bytes as frames on an upgraded connection: the real connection code over a socket pair, with
// a handler that echoes. It must end by itself once the peer has sent its last byte, and what it
// says must be whole, unmasked frames in order.
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "async/coro.h"
#include "async/loop.h"
#include "net/server/connection.h"
#include "support/raw_client.h"

namespace {

using namespace carapace;

constexpr std::size_t kFrameLimit = 4096;
constexpr int kMaxTurns = 100'000;

void require(bool condition) {
  if (!condition) std::abort();
}

Task<void> no_http(net::ServerRequest /*request*/, net::Responder& /*out*/) { co_return; }

Task<void> echo(net::ServerRequest /*request*/, std::shared_ptr<net::WebSocket> socket) {
  for (;;) {
    auto message = co_await socket->receive();
    if (!message) co_return;
    require(message->size() <= kFrameLimit);
    if (*message == "close") socket->close(1000, "asked");
    socket->send(std::make_shared<const std::string>(*std::move(message)));
  }
}

// Every server frame: final, unmasked, text, pong or close; nothing after close.
void check_frames(std::string_view bytes) {
  bool closed = false;
  while (!bytes.empty()) {
    require(!closed && bytes.size() >= 2);
    const int first = static_cast<unsigned char>(bytes[0]);
    std::size_t size = static_cast<unsigned char>(bytes[1]);
    require(first == 0x81 || first == 0x8a || first == 0x88);
    std::size_t head = 2;
    if (size == 126) {
      require(bytes.size() >= 4);
      size = static_cast<unsigned char>(bytes[2]) * 256U + static_cast<unsigned char>(bytes[3]);
      head = 4;
    }
    require(size <= kFrameLimit && bytes.size() >= head + size);
    closed = first == 0x88;
    bytes.remove_prefix(head + size);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 16'384) return 0;
  static Loop loop;
  std::array<int, 2> ends{-1, -1};
  require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) == 0);
  net::ServerOptions options;
  options.max_frame_bytes = kFrameLimit;
  auto core = std::make_shared<net::ServerCore>(
      loop, std::move(options), net::ServerHandler{no_http, nullptr, nullptr, echo});
  core->adopt(ends[1], {});
  std::string wire = test::RawClient::upgrade_request();
  wire.append(reinterpret_cast<const char*>(data), size);
  require(::send(ends[0], wire.data(), wire.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(wire.size()));
  ::shutdown(ends[0], SHUT_WR);
  std::string answer;
  std::array<char, 65536> buffer;
  for (int turn = 0; core->tasks.size() > 0; ++turn) {
    require(turn < kMaxTurns);
    loop.context().restart();
    loop.context().poll();
    for (ssize_t got = 0; (got = ::recv(ends[0], buffer.data(), buffer.size(), 0)) > 0;)
      answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  loop.context().restart();
  loop.context().poll();  // what was cancelled
  const auto head = answer.find("\r\n\r\n");
  require(answer.starts_with("HTTP/1.1 101 ") && head != std::string::npos);
  check_frames(std::string_view(answer).substr(head + 4));
  return 0;
}

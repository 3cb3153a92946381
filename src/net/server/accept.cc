#include "net/server/accept.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "async/coro.h"
#include "log/log.h"

namespace carapace::net {

namespace asio = boost::asio;

namespace {

constexpr log::Log kLog{"net"};
constexpr int kAcceptPerTurn = 64;
constexpr std::chrono::milliseconds kPause{250};

int accept_one(int listener, sockaddr_storage& from) {
  socklen_t size = sizeof from;
  auto* const generic = reinterpret_cast<sockaddr*>(&from);
#ifdef SOCK_CLOEXEC
  return ::accept4(listener, generic, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
#else
  const int socket = ::accept(listener, generic, &size);
  if (socket >= 0) close_on_exec(socket);
  return socket;
#endif
}

Peer peer_of(const sockaddr_storage& from) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  Peer peer;
  if (from.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(from);
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    peer.port = ntohs(v4.sin_port);
    peer.loopback = (ntohl(v4.sin_addr.s_addr) >> 24U) == 127;
  } else if (from.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(from);
    peer.port = ntohs(v6.sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      in_addr v4{};
      std::memcpy(&v4, v6.sin6_addr.s6_addr + 12, sizeof v4);
      ::inet_ntop(AF_INET, &v4, text.data(), text.size());
      peer.loopback = v6.sin6_addr.s6_addr[12] == 127;
    } else {
      ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
      peer.loopback = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
    }
  }
  peer.address = text.data();
  return peer;
}

enum class Accepted : std::uint8_t { some, none, exhausted };

Accepted accept_some(ServerCore& core, int listener) {
  for (int i = 0; i < kAcceptPerTurn; ++i) {
    sockaddr_storage from{};
    const int socket = accept_one(listener, from);
    if (socket >= 0) {
      core.adopt(socket, peer_of(from));
      continue;
    }
    switch (errno) {
      case EAGAIN: return Accepted::none;
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM: return Accepted::exhausted;
      default: break;  // this peer has gone already (ECONNABORTED and its kind): the next one
    }
  }
  return Accepted::some;
}

}  // namespace

void close_on_exec(int descriptor) { ::fcntl(descriptor, F_SETFD, FD_CLOEXEC); }

Task<void> accept_all(std::shared_ptr<ServerCore> core, std::shared_ptr<Acceptor> acceptor) {
  bool told = false;
  while (acceptor->is_open()) {
    const auto [error] =
        co_await acceptor->async_wait(Acceptor::wait_read, asio::as_tuple(asio::use_awaitable));
    if (error || !acceptor->is_open()) co_return;
    const auto accepted = accept_some(*core, acceptor->native_handle());
    if (accepted != Accepted::exhausted) {
      told = false;
      continue;
    }
    // Who waits in the queue of the kernel is served when somebody else leaves.
    if (!std::exchange(told, true))
      kLog.warn("no descriptor for a new connection: accepting pauses");
    co_await sleep_for(kPause);
  }
}

}  // namespace carapace::net

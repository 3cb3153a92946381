// A peer that sends exactly the bytes a test says, cut exactly where the test says: the replayer
// for HTTP clients and provider streams. One thread per connection runs that connection's script;
// whole requests are captured. Loopback, port 0. The destructor ends every connection, so a held
// script never hangs.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace carapace::test {

struct RawRequest {
  std::string head;  // request line and headers, without the blank line
  std::string body;  // by Content-Length
  std::size_t connection = 0;

  std::string_view line() const { return std::string_view(head).substr(0, head.find("\r\n")); }
  // Value of a header (name in any case); nullopt when absent.
  std::optional<std::string> header(std::string_view name) const {
    for (std::size_t at = head.find("\r\n"); at != std::string::npos; at = head.find("\r\n", at)) {
      at += 2;
      const auto colon = head.find(':', at);
      if (colon == std::string::npos || colon - at != name.size()) continue;
      if (::strncasecmp(head.data() + at, name.data(), name.size()) != 0) continue;
      auto value = head.substr(colon + 1, head.find("\r\n", colon) - colon - 1);
      while (!value.empty() && value.front() == ' ') value.erase(0, 1);
      return value;
    }
    return std::nullopt;
  }
};

// One connection as a script works it. Every verb answers false when the peer has gone.
class RawConnection {
 public:
  RawConnection(int socket, std::size_t index, std::function<void(RawRequest)> on_request)
      : socket_(socket), index_(index), on_request_(std::move(on_request)) {}

  bool read_request() {
    while (pending_.find("\r\n\r\n") == std::string::npos)
      if (!read_more()) return false;
    RawRequest request;
    const auto end = pending_.find("\r\n\r\n");
    request.head = pending_.substr(0, end);
    request.connection = index_;
    const auto length = static_cast<std::size_t>(
        std::atoll(request.header("content-length").value_or("0").c_str()));
    pending_.erase(0, end + 4);
    while (pending_.size() < length)
      if (!read_more()) return false;
    request.body = pending_.substr(0, length);
    pending_.erase(0, length);
    on_request_(std::move(request));
    return true;
  }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // In pieces of `piece` bytes, each a packet of its own.
  bool send_pieces(std::string_view bytes, std::size_t piece = 1) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
      if (!send(bytes.substr(0, piece))) return false;
      std::this_thread::sleep_for(std::chrono::microseconds(20));
    }
    return true;
  }
  int socket() const { return socket_; }  // for scripts that speak something else, such as TLS
  void pause(std::chrono::milliseconds duration) { std::this_thread::sleep_for(duration); }
  // Until the peer closes (or the server is destroyed).
  void hold() {
    while (read_more()) pending_.clear();
  }
  // Ends with RST instead of FIN; the rest of the script sends nothing.
  void reset() {
    const linger now{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }

 private:
  bool read_more() {
    char buffer[16384];
    const auto got = ::recv(socket_, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    pending_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }

  int socket_;
  std::size_t index_;
  std::function<void(RawRequest)> on_request_;
  std::string pending_;
};

class RawServer {
 public:
  using Script = std::function<void(RawConnection&)>;

  // Connection n runs script n; later connections run the last one.
  explicit RawServer(std::vector<Script> scripts) : scripts_(std::move(scripts)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, generic, &size) != 0)
      throw std::runtime_error("no loopback port");
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  explicit RawServer(Script script) : RawServer(std::vector<Script>{std::move(script)}) {}
  ~RawServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::scoped_lock lock(mutex_);
      for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
    }
    for (auto& thread : threads_) thread.join();
    ::close(listener_);
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  std::uint16_t port() const { return port_; }
  std::string url(std::string_view path = "/") const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  std::vector<RawRequest> requests() const {
    const std::scoped_lock lock(mutex_);
    return requests_;
  }
  std::size_t connections() const {
    const std::scoped_lock lock(mutex_);
    return accepted_;
  }
  // Waits until `count` scripts have ended (their peer closed or they were done); false after the
  // limit.
  bool wait_ended(std::size_t count,
                  std::chrono::milliseconds limit = std::chrono::seconds(10)) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return ended_ >= count; });
  }

  // Ready-made scripts. `reply`: one request, these bytes, close.
  static Script reply(std::string bytes) {
    return [bytes = std::move(bytes)](RawConnection& peer) {
      if (peer.read_request()) peer.send(bytes);
    };
  }
  static Script reply_pieces(std::string bytes, std::size_t piece = 1) {
    return [bytes = std::move(bytes), piece](RawConnection& peer) {
      if (peer.read_request()) peer.send_pieces(bytes, piece);
    };
  }
  // The bytes, then silence until the peer gives up.
  static Script reply_and_hold(std::string bytes) {
    return [bytes = std::move(bytes)](RawConnection& peer) {
      if (peer.read_request() && peer.send(bytes)) peer.hold();
    };
  }
  // The bytes, then RST.
  static Script reply_and_reset(std::string bytes) {
    return [bytes = std::move(bytes)](RawConnection& peer) {
      if (!peer.read_request() || !peer.send(bytes)) return;
      peer.pause(std::chrono::milliseconds(50));  // lets the bytes arrive: RST may overtake them
      peer.reset();
    };
  }
  // Whole answer text with a Content-Length.
  static std::string answer(std::string_view body,
                            std::string_view content_type = "application/json",
                            std::string_view status = "200 OK") {
    return "HTTP/1.1 " + std::string(status) + "\r\ncontent-type: " + std::string(content_type) +
           "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
  }

 private:
  void accept_all() {
    for (;;) {
      const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket < 0) return;
      const int on = 1;
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      const std::scoped_lock lock(mutex_);
      open_.push_back(socket);
      const auto index = accepted_++;
      threads_.emplace_back([this, socket, index] { serve(socket, index); });
    }
  }
  void serve(int socket, std::size_t index) {
    RawConnection connection(socket, index, [this](RawRequest request) {
      const std::scoped_lock lock(mutex_);
      requests_.push_back(std::move(request));
    });
    if (!scripts_.empty()) scripts_[std::min(index, scripts_.size() - 1)](connection);
    const std::scoped_lock lock(mutex_);
    std::erase(open_, socket);
    ::close(socket);
    ++ended_;
    changed_.notify_all();
  }

  std::vector<Script> scripts_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<int> open_;
  std::size_t accepted_ = 0;
  std::size_t ended_ = 0;
  std::vector<RawRequest> requests_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace carapace::test

// The client side by hand: sends exactly the bytes a test says and reads what comes back. Blocking,
// every read bounded by a time limit (then it answers what it has). Header only; one thread each.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/raw_frame.h"

namespace carapace::test {

struct RawReply {
  int status = 0;                                            // 0: no whole answer came
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;                                          // chunked coding undone
  bool whole = false;                                        // the body ended as it said it would

  std::optional<std::string> header(std::string_view name) const {
    for (const auto& [key, value] : headers)
      if (key == name) return value;
    return std::nullopt;
  }
  std::size_t count(std::string_view name) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(headers, [&](const auto& header) { return header.first == name; }));
  }
};

class RawClient {
 public:
  static constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";  // RFC 6455, 1.3
  static constexpr std::string_view kAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

  // Connects unless port is 0; then `connect` does it later (the descriptor is taken now).
  explicit RawClient(std::uint16_t port, const char* address = "127.0.0.1", int receive_buffer = 0)
      : address_(address) {
    socket_ = ::socket(is_v6() ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (receive_buffer > 0)
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const timeval limit{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (port != 0 && !connect(port))
      throw std::runtime_error("cannot connect to the server under test");
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connect(std::uint16_t port) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    if (is_v6()) {
      ::inet_pton(AF_INET6, address_.c_str(), &v6.sin6_addr);
      return ::connect(socket_, reinterpret_cast<sockaddr*>(&v6), sizeof v6) == 0;
    }
    ::inet_pton(AF_INET, address_.c_str(), &v4.sin_addr);
    return ::connect(socket_, reinterpret_cast<sockaddr*>(&v4), sizeof v4) == 0;
  }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void finish_sending() { ::shutdown(socket_, SHUT_WR); }  // FIN
  void reset() {                                           // RST
    const linger now{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  void close() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }

  // As many bytes unless the peer ends or the time is up.
  std::string read_exactly(std::size_t size) {
    while (pending_.size() < size && read_more()) continue;
    auto out = pending_.substr(0, size);
    pending_.erase(0, size);
    return out;
  }
  std::string read_until(std::string_view end) {  // includes it
    auto at = pending_.find(end);
    while (at == std::string::npos) {
      if (!read_more()) return std::exchange(pending_, {});
      at = pending_.find(end);
    }
    return read_exactly(at + end.size());
  }
  std::string read_all() {
    while (read_more()) continue;
    return std::exchange(pending_, {});
  }
  // The peer has closed in good order and nothing is left to read.
  bool at_end() {
    char byte = 0;
    return pending_.empty() && ::recv(socket_, &byte, 1, MSG_PEEK) == 0;
  }

  RawReply read_reply(bool head_request = false) {
    RawReply reply;
    const auto head = read_until("\r\n\r\n");
    if (!head.ends_with("\r\n\r\n") || !head.starts_with("HTTP/1.1 ")) return reply;
    reply.status = std::atoi(head.c_str() + 9);
    for (auto at = head.find("\r\n") + 2; at + 2 < head.size();) {
      const auto end = head.find("\r\n", at);
      const auto colon = head.find(": ", at);
      auto name = head.substr(at, colon - at);
      for (auto& c : name) c = static_cast<char>(::tolower(c));
      if (colon < end) reply.headers.emplace_back(name, head.substr(colon + 2, end - colon - 2));
      at = end + 2;
    }
    if (head_request || reply.status < 200 || reply.status == 204 || reply.status == 304) {
      reply.whole = true;
    } else if (const auto length = reply.header("content-length")) {
      const auto size = static_cast<std::size_t>(std::atoll(length->c_str()));
      reply.body = read_exactly(size);
      reply.whole = reply.body.size() == size;
    } else if (reply.header("transfer-encoding")) {
      read_chunks(reply);
    } else {
      reply.body = read_all();
      reply.whole = true;
    }
    return reply;
  }
  // One chunk of a streamed answer; empty at its end or when it is cut off.
  std::string read_chunk() {
    const auto line = read_until("\r\n");
    auto chunk = read_exactly(std::strtoul(line.c_str(), nullptr, 16));
    chunk_ended_ = line.ends_with("\r\n") && read_exactly(2) == "\r\n";
    return chunk;
  }

  // WebSocket. Answers the reply to the handshake.
  RawReply upgrade(std::string_view path = "/", std::string_view extra_headers = "") {
    send(upgrade_request(path, extra_headers));
    return read_reply();
  }
  static std::string upgrade_request(std::string_view path = "/",
                                     std::string_view extra_headers = "") {
    std::string request = "GET " + std::string(path);
    request +=
        " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n";
    request += "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + std::string(kKey) + "\r\n";
    return request + std::string(extra_headers) + "\r\n";
  }
  bool send_frame(int opcode, std::string_view payload, bool fin = true, bool masked = true) {
    return send(make_frame(opcode, payload, fin, masked));
  }
  bool send_text(std::string_view payload) { return send_frame(1, payload); }
  bool send_close(std::uint16_t code, std::string_view reason = "") {
    return send_frame(8, close_payload(code, reason));
  }
  RawFrame read_frame() {
    RawFrame frame;
    const auto head = read_exactly(2);
    if (head.size() < 2) return frame;
    frame.opcode = head[0] & 0x0f;
    frame.fin = (head[0] & 0x80) != 0;
    frame.masked = (head[1] & 0x80) != 0;
    std::uint64_t size = head[1] & 0x7f;
    if (size >= 126) {
      const auto length = read_exactly(size == 126 ? 2 : 8);
      size = 0;
      for (const char c : length) size = size * 256 + static_cast<unsigned char>(c);
    }
    frame.payload = read_exactly(size);
    return frame;
  }

 private:
  bool is_v6() const { return address_.contains(':'); }
  bool read_more() {
    std::array<char, 16384> buffer;
    const auto got = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (got <= 0) return false;
    pending_.append(buffer.data(), static_cast<std::size_t>(got));
    return true;
  }
  void read_chunks(RawReply& reply) {
    for (;;) {
      const auto chunk = read_chunk();
      reply.body += chunk;
      if (!chunk_ended_ || chunk.empty()) break;
    }
    reply.whole = chunk_ended_;
  }

  int socket_ = -1;
  bool chunk_ended_ = false;
  std::string address_;
  std::string pending_;
};

}  // namespace carapace::test

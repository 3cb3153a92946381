#include "support/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace carapace::test {

namespace {

std::string lower(std::string text) {
  for (auto& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

}  // namespace

std::optional<std::string> RawReply::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return std::nullopt;
}

std::size_t RawReply::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(headers, [&](const auto& header) { return header.first == name; }));
}

int RawFrame::close_code() const {
  if (opcode != 8 || payload.size() < 2) return 0;
  return static_cast<unsigned char>(payload[0]) * 256 + static_cast<unsigned char>(payload[1]);
}

std::string RawFrame::close_reason() const { return payload.size() > 2 ? payload.substr(2) : ""; }

RawClient::RawClient(std::uint16_t port, const char* address, int receive_buffer) {
  const bool v6 = std::strchr(address, ':') != nullptr;
  socket_ = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (receive_buffer > 0) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  const timeval limit{10, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  int failed = 0;
  if (v6) {
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(port);
    ::inet_pton(AF_INET6, address, &to.sin6_addr);
    failed = ::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to);
  } else {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    ::inet_pton(AF_INET, address, &to.sin_addr);
    failed = ::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to);
  }
  if (failed != 0) {
    ::close(socket_);
    throw std::runtime_error("cannot connect to the server under test");
  }
}

RawClient::~RawClient() { close(); }

void RawClient::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

void RawClient::finish_sending() { ::shutdown(socket_, SHUT_WR); }

void RawClient::reset() {
  const linger now{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close();
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawClient::read_more() {
  std::array<char, 16384> buffer;
  const auto got = ::recv(socket_, buffer.data(), buffer.size(), 0);
  if (got <= 0) return false;
  pending_.append(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

std::string RawClient::read_exactly(std::size_t size) {
  while (pending_.size() < size && read_more()) continue;
  auto out = pending_.substr(0, size);
  pending_.erase(0, size);
  return out;
}

std::string RawClient::read_until(std::string_view end) {
  auto at = pending_.find(end);
  while (at == std::string::npos) {
    if (!read_more()) return std::exchange(pending_, {});
    at = pending_.find(end);
  }
  return read_exactly(at + end.size());
}

std::string RawClient::read_all() {
  while (read_more()) continue;
  return std::exchange(pending_, {});
}

bool RawClient::at_end() {
  if (!pending_.empty()) return false;
  char byte = 0;
  return ::recv(socket_, &byte, 1, MSG_PEEK) == 0;
}

std::uint16_t RawClient::local_port() const {
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  ::getsockname(socket_, reinterpret_cast<sockaddr*>(&own), &size);
  return ntohs(reinterpret_cast<const sockaddr_in&>(own).sin_port);
}

RawReply RawClient::read_reply(bool head_request) {
  RawReply reply;
  const auto head = read_until("\r\n\r\n");
  if (!head.ends_with("\r\n\r\n") || !head.starts_with("HTTP/1.1 ")) return reply;
  reply.status = std::atoi(head.c_str() + 9);
  for (auto at = head.find("\r\n") + 2; at + 2 < head.size();) {
    const auto end = head.find("\r\n", at);
    const auto colon = head.find(": ", at);
    if (colon < end) reply.headers.emplace_back(lower(head.substr(at, colon - at)), head.substr(colon + 2, end - colon - 2));
    at = end + 2;
  }
  if (head_request || reply.status < 200 || reply.status == 204 || reply.status == 304) return reply;
  if (const auto length = reply.header("content-length")) {
    reply.body = read_exactly(static_cast<std::size_t>(std::atoll(length->c_str())));
  } else if (reply.header("transfer-encoding")) {
    for (;;) {
      const auto size = std::strtoul(read_until("\r\n").c_str(), nullptr, 16);
      reply.body += read_exactly(size);
      if (read_until("\r\n") != "\r\n" && size != 0) break;
      if (size == 0) break;
    }
  } else {
    reply.body = read_all();
  }
  return reply;
}

RawReply RawClient::upgrade(std::string_view path, std::string_view extra_headers) {
  std::string request = "GET " + std::string(path) + " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n";
  request += "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ";
  request += std::string(kKey) + "\r\n" + std::string(extra_headers) + "\r\n";
  send(request);
  return read_reply();
}

std::string RawClient::frame(int opcode, std::string_view payload, bool fin, bool masked) {
  std::string out;
  out += static_cast<char>((fin ? 0x80 : 0) | opcode);
  const char mask_bit = masked ? static_cast<char>(0x80) : '\0';
  const std::uint64_t size = payload.size();
  const int length_bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
  out += static_cast<char>(mask_bit | static_cast<char>(length_bytes == 0 ? size : length_bytes == 2 ? 126 : 127));
  for (int i = length_bytes - 1; i >= 0; --i) out += static_cast<char>(size >> (8 * i));
  if (!masked) return out + std::string(payload);
  const std::string mask = "\x12\x34\x56\x78";
  out += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ mask[i % 4]);
  return out;
}

bool RawClient::send_frame(int opcode, std::string_view payload, bool fin, bool masked) {
  return send(frame(opcode, payload, fin, masked));
}

bool RawClient::send_close(std::uint16_t code, std::string_view reason) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  return send_frame(8, payload + std::string(reason));
}

RawFrame RawClient::read_frame() {
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

}  // namespace carapace::test

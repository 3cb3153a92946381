#include "load_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace carapace::bench {
namespace {

constexpr std::string_view kUpgradeEnd = "\r\n\r\n";

std::string upgrade_request(std::uint16_t port) {
  return "GET / HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
         "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
}

std::string connect_request(const Target& target) {
  return R"({"type":"req","id":"hello","method":"connect","params":{"minProtocol":3,)"
         R"("maxProtocol":3,"client":{"id":"cli","version":"bench","platform":"linux","mode":")" +
         target.client_mode + R"("},"auth":{"token":")" + target.token + R"("}}})";
}

}  // namespace

std::string text_frame(std::string_view payload) {
  constexpr unsigned kMasked = 0x80;
  std::string frame(1, static_cast<char>(0x81));
  const std::uint64_t size = payload.size();
  const int length_bytes = size < 126 ? 0 : size <= 0xffff ? 2 : 8;
  const auto code = length_bytes == 0 ? size : length_bytes == 2 ? 126U : 127U;
  frame += static_cast<char>(kMasked | code);
  for (int i = length_bytes - 1; i >= 0; --i) frame += static_cast<char>(size >> (8 * i));
  frame.append(4, '\0');
  return frame.append(payload);
}

std::string_view member(std::string_view message, std::string_view name) {
  const auto key = "\"" + std::string(name) + "\":\"";
  const auto at = message.find(key);
  if (at == std::string_view::npos) return {};
  const auto from = at + key.size();
  return message.substr(from, message.find('"', from) - from);
}

LoadClient::LoadClient(Poller& poller, const Target& target, OnMessage on_message)
    : poller_(poller), target_(target), on_message_(std::move(on_message)) {}

LoadClient::~LoadClient() {
  if (socket_ >= 0) ::close(socket_);
}

bool LoadClient::connect() {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(target_.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  // Blocking: on loopback the kernel answers at once, as long as the backlog has room.
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    const int error = errno;
    ::close(std::exchange(socket_, -1));
    errno = error;
    return false;
  }
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::fcntl(socket_, F_SETFL, O_NONBLOCK);
  state_ = State::upgrading;
  poller_.add(socket_, this);
  send_frame(upgrade_request(target_.port));
  return true;
}

void LoadClient::send_frame(std::string_view frame) {
  const auto sent = ::send(socket_, frame.data(), frame.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(frame.size())) close("could not send a whole frame");
}

void LoadClient::read() {
  static std::array<char, 1U << 18U> buffer;
  const auto count = ::recv(socket_, buffer.data(), buffer.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) return close(count == 0 ? "the server closed" : std::strerror(errno));
  in_.append(buffer.data(), static_cast<std::size_t>(count));
  if (state_ == State::upgrading) take_upgrade();
  if (state_ == State::greeting || state_ == State::open) take_frames();
}

void LoadClient::take_upgrade() {
  const auto end = in_.find(kUpgradeEnd);
  if (end == std::string::npos) return;
  if (!in_.starts_with("HTTP/1.1 101")) return close("no upgrade: " + in_.substr(0, 200));
  in_.erase(0, end + kUpgradeEnd.size());
  state_ = target_.bare ? State::open : State::greeting;
}

void LoadClient::take_frames() {
  std::size_t at = 0;
  while (state_ != State::closed && in_.size() - at >= 2) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(in_[at + i]); };
    const unsigned code = byte(1) & 0x7fU;
    const std::size_t head = code < 126 ? 2 : code == 126 ? 4 : 10;
    if (in_.size() - at < head) break;
    std::uint64_t size = code < 126 ? code : 0;
    for (std::size_t i = 2; i < head; ++i) size = size << 8U | byte(i);
    if (in_.size() - at - head < size) break;
    const auto first = byte(0);
    take_frame(first, std::string_view(in_).substr(at + head, size));
    at += head + size;
  }
  in_.erase(0, at);
}

void LoadClient::take_frame(unsigned char first, std::string_view payload) {
  constexpr unsigned kFinal = 0x80;
  const unsigned kind = first & 0x0fU;
  if (kind == 8)
    return close("closed: " +
                 std::string(payload.substr(std::min<std::size_t>(2, payload.size()))));
  if (kind == 9) {
    auto pong = text_frame(payload);
    pong[0] = static_cast<char>(0x8a);
    return send_frame(pong);
  }
  if (kind > 2) return;
  if ((first & kFinal) != 0 && whole_.empty()) return take_message(payload);
  whole_ += payload;
  if ((first & kFinal) == 0) return;
  take_message(std::exchange(whole_, {}));
}

void LoadClient::take_message(std::string_view message) {
  if (state_ == State::open) return on_message_(*this, message);
  if (message.starts_with(R"({"type":"event")")) {
    if (member(message, "event") == "connect.challenge")
      send_frame(text_frame(connect_request(target_)));
    return;
  }
  if (message.find(R"("ok":true)") == std::string_view::npos)
    return close("refused: " + std::string(message.substr(0, 300)));
  state_ = State::open;
}

void LoadClient::close(std::string why) {
  if (state_ == State::closed) return;
  state_ = State::closed;
  why_ = std::move(why);
  ::close(std::exchange(socket_, -1));
}

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}
Poller::~Poller() { ::close(epoll_); }

void Poller::add(int socket, LoadClient* client) {
  epoll_event event{.events = EPOLLIN, .data = {.ptr = client}};
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event);
}

void Poller::watch_input() { add(STDIN_FILENO, nullptr); }

void Poller::step(int timeout_ms) {
  std::array<epoll_event, 512> events;
  const int count = ::epoll_wait(epoll_, events.data(), events.size(), timeout_ms);
  for (int i = 0; i < count; ++i) {
    if (auto* client = static_cast<LoadClient*>(events[static_cast<std::size_t>(i)].data.ptr)) {
      client->read();
      continue;
    }
    std::array<char, 64> ignored;
    if (::read(STDIN_FILENO, ignored.data(), ignored.size()) > 0) continue;
    input_ended_ = true;
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, STDIN_FILENO, nullptr);
  }
}

}  // namespace carapace::bench

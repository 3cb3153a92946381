// A mock provider that is not the bottleneck: answers every POST with the same OpenAI
// chat-completions stream, whatever was asked, over kept connections. Every chunk is written by
// itself, as a provider does, so the reader sees as many arrivals as it can take; streams at once
// take turns. `stream_mock PORT CHUNKS DELAY_US BYTES` listens on 127.0.0.1 until it is killed.
// DELAY_US lies before every chunk; 0 writes them back to back. One thread.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

// One chunk of HTTP's chunked coding with one event in it.
std::string http_chunk(std::string_view data) {
  const auto event = "data: " + std::string(data) + "\n\n";
  std::array<char, 16> size;
  const auto end = std::to_chars(size.data(), size.data() + size.size(), event.size(), 16).ptr;
  return std::string(size.data(), end) + "\r\n" + event + "\r\n";
}

std::string completion_chunk(std::string_view choices, std::string_view rest = "") {
  return http_chunk(
      R"({"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,)"
      R"("model":"bench","choices":[)" +
      std::string(choices) + "]" + std::string(rest) + "}");
}

// What is written one after another: the head with the first chunk, the others, the end.
std::vector<std::string> make_pieces(int chunks, int bytes) {
  std::string words;
  while (static_cast<int>(words.size()) < bytes) words += "word ";
  words.resize(static_cast<std::size_t>(bytes));
  std::vector<std::string> pieces;
  for (int i = 0; i < chunks; ++i)
    pieces.push_back(completion_chunk(R"({"index":0,"delta":{"content":")" + words +
                                      R"("},"finish_reason":null})"));
  pieces.front().insert(0,
                        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                        "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n");
  pieces.push_back(completion_chunk(R"({"index":0,"delta":{},"finish_reason":"stop"})") +
                   completion_chunk("", R"(,"usage":{"prompt_tokens":10,"completion_tokens":)" +
                                            std::to_string(chunks) + R"(,"total_tokens":)" +
                                            std::to_string(chunks + 10) + "}") +
                   http_chunk("[DONE]") + "0\r\n\r\n");
  return pieces;
}

struct Peer {
  int socket = -1;
  std::string head;             // of the request, while it is not complete
  std::uint64_t body_left = 0;  // of the request, to be skipped
  Clock::time_point begun;      // the answer
  std::size_t next = 0;         // piece of it
  std::size_t sent = 0;         // bytes of it
  bool blocked = false;         // the socket takes no more just now
};

class Mock {
 public:
  Mock(std::vector<std::string> pieces, std::chrono::microseconds delay)
      : pieces_(std::move(pieces)), delay_(delay), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

  bool listen(std::uint16_t port);
  [[noreturn]] void run();

 private:
  void accept_all();
  void read(Peer& peer);
  void take(Peer& peer, std::string_view bytes);
  void take_head(Peer& peer);
  void begin(Peer& peer);
  void plan_piece(const Peer& peer);
  bool write_piece(Peer& peer);  // false: the peer is gone
  void write_due();
  void watch(const Peer& peer, std::uint32_t events, int how) const;
  void drop(int socket);

  std::vector<std::string> pieces_;
  std::chrono::microseconds delay_;
  int epoll_;
  int listener_ = -1;
  std::map<int, std::unique_ptr<Peer>> peers_;
  std::multimap<Clock::time_point, int> due_;  // when which socket's next piece is written
};

bool Mock::listen(std::uint16_t port) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  epoll_event event{.events = EPOLLIN, .data = {.fd = listener_}};
  return ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
         ::listen(listener_, 4096) == 0 &&
         ::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event) == 0;
}

void Mock::watch(const Peer& peer, std::uint32_t events, int how) const {
  epoll_event event{.events = events, .data = {.fd = peer.socket}};
  ::epoll_ctl(epoll_, how, peer.socket, &event);
}

void Mock::accept_all() {
  for (;;) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) return;
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    auto& peer = peers_[socket];
    peer = std::make_unique<Peer>();
    peer->socket = socket;
    watch(*peer, EPOLLIN, EPOLL_CTL_ADD);
  }
}

void Mock::drop(int socket) {
  ::close(socket);
  peers_.erase(socket);
  std::erase_if(due_, [socket](const auto& due) { return due.second == socket; });
}

void Mock::read(Peer& peer) {
  static std::array<char, 1U << 18U> buffer;
  const auto count = ::recv(peer.socket, buffer.data(), buffer.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) return drop(peer.socket);
  take(peer, {buffer.data(), static_cast<std::size_t>(count)});
}

void Mock::take(Peer& peer, std::string_view bytes) {
  while (!bytes.empty()) {
    if (peer.body_left > 0) {
      const auto skipped = std::min<std::uint64_t>(peer.body_left, bytes.size());
      bytes.remove_prefix(skipped);
      peer.body_left -= skipped;
      if (peer.body_left == 0) begin(peer);
      continue;
    }
    const auto before = peer.head.size();
    peer.head += bytes;
    const auto end = peer.head.find("\r\n\r\n", before < 3 ? 0 : before - 3);
    if (end == std::string::npos) return;
    bytes.remove_prefix(end + 4 - before);
    peer.head.resize(end + 4);
    take_head(peer);
  }
}

void Mock::take_head(Peer& peer) {
  std::ranges::transform(peer.head, peer.head.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::string_view kLength = "\r\ncontent-length:";
  const auto at = peer.head.find(kLength);
  if (at != std::string::npos)
    peer.body_left = std::strtoull(peer.head.c_str() + at + kLength.size(), nullptr, 10);
  if (peer.head.find("\r\nexpect: 100-continue") != std::string::npos)
    static_cast<void>(!::send(peer.socket, "HTTP/1.1 100 Continue\r\n\r\n", 25, MSG_NOSIGNAL));
  peer.head.clear();
  if (peer.body_left == 0) begin(peer);
}

void Mock::begin(Peer& peer) {
  peer.next = peer.sent = 0;
  peer.begun = Clock::now();
  plan_piece(peer);
}

// By the clock of the stream, so that a late piece does not delay the others. Without a delay
// streams take turns.
void Mock::plan_piece(const Peer& peer) {
  const Clock::time_point paced = peer.begun + delay_ * (peer.next + 1);
  due_.emplace(delay_.count() > 0 ? paced : Clock::now(), peer.socket);
}

bool Mock::write_piece(Peer& peer) {
  const auto& piece = pieces_[peer.next];
  const auto count =
      ::send(peer.socket, piece.data() + peer.sent, piece.size() - peer.sent, MSG_NOSIGNAL);
  if (count < 0 && errno != EAGAIN && errno != EINTR) return false;
  if (count > 0) peer.sent += static_cast<std::size_t>(count);
  if (peer.sent < piece.size()) {
    peer.blocked = true;
    watch(peer, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
    return true;
  }
  peer.sent = 0;
  if (++peer.next < pieces_.size()) plan_piece(peer);
  return true;
}

// One round: every stream that is due writes one piece.
void Mock::write_due() {
  const auto end = due_.upper_bound(Clock::now());
  std::vector<int> sockets;
  for (auto at = due_.begin(); at != end; ++at) sockets.push_back(at->second);
  due_.erase(due_.begin(), end);
  for (const auto socket : sockets) {
    const auto found = peers_.find(socket);
    if (found != peers_.end() && !write_piece(*found->second)) drop(socket);
  }
}

void Mock::run() {
  std::array<epoll_event, 256> events;
  for (;;) {
    int count = 0;
    const auto wait = due_.empty() ? Clock::duration::zero() : due_.begin()->first - Clock::now();
    if (wait > Clock::duration::zero()) {
      const timespec most{0, std::min<std::int64_t>(999'999'999, wait.count())};
      count = ::epoll_pwait2(epoll_, events.data(), events.size(), &most, nullptr);
    } else {
      count = ::epoll_wait(epoll_, events.data(), events.size(), due_.empty() ? -1 : 0);
    }
    for (int i = 0; i < count; ++i) {
      const auto& event = events[static_cast<std::size_t>(i)];
      if (event.data.fd == listener_) {
        accept_all();
        continue;
      }
      const auto found = peers_.find(event.data.fd);
      if (found == peers_.end()) continue;
      auto& peer = *found->second;
      if ((event.events & EPOLLOUT) != 0 && peer.blocked) {
        peer.blocked = false;
        watch(peer, EPOLLIN, EPOLL_CTL_MOD);
        due_.emplace(Clock::now(), peer.socket);
      }
      if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) read(peer);
    }
    write_due();
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 5 || std::atoi(arguments[2]) < 1) {
    std::fputs("usage: stream_mock PORT CHUNKS DELAY_US BYTES\n", stderr);
    return 2;
  }
  Mock mock(make_pieces(std::atoi(arguments[2]), std::atoi(arguments[4])),
            std::chrono::microseconds(std::atoi(arguments[3])));
  if (!mock.listen(static_cast<std::uint16_t>(std::atoi(arguments[1])))) {
    std::perror("stream_mock: cannot listen");
    return 1;
  }
  mock.run();
}

// One WebSocket client of the load generator, written straight on a socket so that what is measured
// is the server: frames are built by hand, the masking key is zero (which RFC 6455 allows) and no
// JSON is parsed. One thread; `Poller` tells every client when there is something to read. Used by
// gateway_load.cc only; it is no client library and trusts the server that it measures.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace carapace::bench {

struct Target {
  std::uint16_t port = 18789;  // on 127.0.0.1
  std::string token;
  std::string client_mode = "cli";  // protocol: client.mode; "cli" is not listed in presence
  bool bare = false;                // no protocol 3: open as soon as the upgrade is answered
};

// A text frame from a client.
std::string text_frame(std::string_view payload);
// The text of a member of a flat part of a message, without unescaping: good for ids. Empty if
// absent.
std::string_view member(std::string_view message, std::string_view name);

class Poller;

class LoadClient {
 public:
  enum class State : std::uint8_t { fresh, upgrading, greeting, open, closed };
  using OnMessage = std::function<void(LoadClient&, std::string_view)>;

  // `on_message` gets every whole message after hello-ok; the view lasts for the call.
  LoadClient(Poller& poller, const Target& target, OnMessage on_message);
  ~LoadClient();
  LoadClient(const LoadClient&) = delete;
  LoadClient& operator=(const LoadClient&) = delete;

  bool connect();  // false: refused; errno says why
  void send_frame(std::string_view frame);
  void read();  // called by the poller
  State state() const { return state_; }
  const std::string& why_closed() const { return why_; }

  std::int64_t sent_at_ns = 0;  // for whoever measures
  int number = 0;

 private:
  void take_upgrade();
  void take_frames();
  void take_frame(unsigned char first, std::string_view payload);
  void take_message(std::string_view message);
  void close(std::string why);

  Poller& poller_;
  const Target& target_;
  OnMessage on_message_;
  int socket_ = -1;
  State state_ = State::fresh;
  std::string in_, whole_, why_;
};

// epoll over clients, and standard input when asked for.
class Poller {
 public:
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  void add(int socket, LoadClient* client);
  void watch_input();
  bool input_ended() const { return input_ended_; }
  // Waits at most `timeout_ms` and lets the clients read.
  void step(int timeout_ms);

 private:
  int epoll_;
  bool input_ended_ = false;
};

}  // namespace carapace::bench

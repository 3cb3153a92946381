// The listening side: one port for HTTP/1.1 and WebSocket. Bytes become one parsed request or one
// message; no socket is seen above. Limits (header 64 KiB, body, frame 512 KiB, read deadlines) are
// enforced here with readable answers (413, 431, 408, 400; close 1009). Loop thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/loop.h"
#include "async/task.h"
#include "base/error.h"
#include "net/http.h"

namespace carapace::net {

// What is queued and the kernel has not taken.
struct Backlog {
  std::size_t bytes = 0;
  std::int64_t stalled_ms = 0;  // since it last took something; 0 while nothing has to wait
};

// The writing half of an upgraded connection. Frames are shared: an event is serialised once for
// all its readers.
class FrameSink {
 public:
  using Frame = std::shared_ptr<const std::string>;

  virtual ~FrameSink() = default;
  // Queues a text frame and returns at once; dropped silently after close. Frames of one turn of
  // the loop leave in one system call.
  virtual void send(Frame frame) = 0;
  // Sends what is queued, then closes; the peer has 5 s to take it all and answer. Reasons are cut
  // to 120 bytes. Idempotent. `receive` then answers unavailable once the peer has answered or the
  // time is up.
  virtual void close(std::uint16_t code, std::string reason) = 0;
  virtual Backlog backlog() const = 0;
};

// One upgraded connection.
class WebSocket : public FrameSink {
 public:
  // Next whole message, text or binary alike, at most the frame limit. unavailable when the peer
  // has gone, too_large when it was closed with 1009. One reader.
  virtual Task<Result<std::string>> receive() = 0;
};

// Where a handler puts its answer. Exactly one of `send` or `begin` is called; a request whose
// handler ends without either answers 500 by itself. `send` leaves at once, not when the handler
// ends.
class Responder {
 public:
  virtual ~Responder() = default;
  virtual void send(ServerResponse response) = 0;
  // Starts a streamed answer (chunked); `body` is ignored. Then `write` any number of times.
  virtual void begin(ServerResponse head) = 0;
  // Waits until the chunk is in the kernel; false when the client has gone.
  virtual Task<bool> write(std::string chunk) = 0;
};

// What the head of a request says about its body.
struct BodyVerdict {
  std::optional<ServerResponse> refusal;  // instead of reading it
  std::size_t max_bytes = 0;
};

struct ServerHandler {
  // `closed` of a streamed request can be seen by `write` answering false.
  std::function<Task<void>(ServerRequest, Responder&)> http;
  // Judged before a body of some size is read, so that strangers cannot fill the memory; null:
  // every one may be as large as the options say.
  std::function<BodyVerdict(const ServerRequest&)> judge_body;
  // Judged before the upgrade: a response here refuses it.
  std::function<std::optional<ServerResponse>(const ServerRequest&)> refuse_upgrade;
  // The request lives as long as the handler wants: one that serves thousands of idle sockets drops
  // it. When the handler ends the socket is closed with 1000, with 1011 when it throws.
  std::function<Task<void>(ServerRequest, std::shared_ptr<WebSocket>)> websocket;
};

struct ServerOptions {
  std::vector<std::string> addresses = {"127.0.0.1"};  // the first must bind; others warn
  std::uint16_t port = 0;                              // 0: any free one
  std::size_t max_body_bytes = 20 << 20;
  std::size_t max_header_bytes = 64 << 10;
  std::size_t max_frame_bytes = 512 << 10;
  std::int64_t header_deadline_ms = 30'000;
  std::int64_t body_deadline_ms = 60'000;
  std::size_t max_connections = 20'000;  // beyond it: 503 and close
  Headers
      always;  // added to every answer (also 101 and our own errors) that does not say them itself
};

class Server {
 public:
  virtual ~Server() = default;
  virtual std::uint16_t port() const = 0;
  // Stops accepting; live connections go on.
  virtual void stop_accepting() = 0;
  // Closes every connection (WebSockets with `code`), waits until their handlers ended or the limit
  // passed, then cancels what is left. Never from a handler of this server: it would wait for
  // itself.
  virtual Task<void> shut_down(std::uint16_t code, std::string reason, std::int64_t limit_ms) = 0;
};

// conflict when the port is in use, forbidden when it may not be bound; the detail names address
// and port.
Result<std::unique_ptr<Server>> listen(Loop& loop, ServerOptions options, ServerHandler handler);

}  // namespace carapace::net

// The calling side of WebSocket, for our own command line: plain `ws://` to an address of this
// machine or network. Messages are text; a binary one is received like text. Loop thread only; the
// loop outlives it. It is not for untrusted URLs and does no TLS.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "async/loop.h"
#include "async/task.h"
#include "base/error.h"
#include "net/http.h"

namespace carapace::net {

inline constexpr std::size_t kWsMaxMessage = 25 << 20;  // bytes, in either direction

// Deadlines in milliseconds; 0 or less: none. A peer that answers no ping for a minute is gone.
class WsClient {
 public:
  WsClient() = default;
  virtual ~WsClient() = default;  // drops the connection
  WsClient(const WsClient&) = delete;
  WsClient& operator=(const WsClient&) = delete;

  // The next whole message. timeout: nothing came yet, the connection stays usable. unavailable:
  // the peer closed (the detail has code and reason) or is gone. too_large. One reader.
  virtual Task<Result<std::string>> receive(std::int64_t deadline_ms = 0) = 0;
  // Returns when the kernel took the message. Several senders are served in turn. After a timeout
  // the connection is dropped: half a frame may be out.
  virtual Task<Status> send(std::string text, std::int64_t deadline_ms = 10'000) = 0;
  // Says good-bye and waits for the peer's answer, at most the deadline. Idempotent.
  virtual Task<void> close(std::int64_t deadline_ms = 2'000) = 0;
};

// `url`: ws://host[:port][/path]; host is an address or `localhost`. invalid_request: another URL
// (also wss: not supported yet). unavailable: nobody listens, or no WebSocket there (the detail has
// the status). unauthorized, forbidden: HTTP 401, 403. timeout.
Task<Result<std::unique_ptr<WsClient>>> connect_websocket(Loop& loop, std::string url,
                                                          Headers headers,
                                                          std::int64_t deadline_ms);

}  // namespace carapace::net

// One HTTP/1.1 request from bytes, without I/O: bytes in, a `ServerRequest` or the answer that
// refuses it out. Stricter than the grammar wherever two readers could disagree about where a
// request ends (request smuggling). Used by `server_http` for every request and by the fuzz target.
// Any thread; one request each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"

namespace carapace::net {

struct RequestLimits {
  std::size_t header_bytes = 64 << 10;  // request line and header fields; also trailers
  std::size_t body_bytes = 20 << 20;    // after the chunked coding is undone
};

// Why a request is refused: what to answer before the connection is closed.
struct RequestFault {
  int status = 400;
  std::string message;
};

class RequestParser {
 public:
  explicit RequestParser(RequestLimits limits);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Takes bytes from the front and says how many; 0 means that more are needed: call again with the
  // same bytes and some behind them. Never takes bytes of the next request.
  std::expected<std::size_t, RequestFault> feed(std::string_view bytes);

  bool has_head() const;
  bool done() const;
  // The rest asks for has_head().
  bool keep_alive() const;
  bool http10() const;
  bool expects_continue() const;
  bool upgrades_to_websocket() const;
  // All but the body.
  const ServerRequest& head() const;
  // What Content-Length says; nullopt for a body in chunks.
  std::optional<std::uint64_t> declared_length() const;
  // Before the first byte of the body is fed: a limit of its own, for this request.
  std::optional<RequestFault> limit_body(std::size_t bytes);
  // Once, when done. `peer` is left empty.
  ServerRequest take();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// What is wrong with the WebSocket handshake of this request (RFC 6455, 4.2.1); status 0 when
// nothing is.
RequestFault check_handshake(const ServerRequest& request);

}  // namespace carapace::net

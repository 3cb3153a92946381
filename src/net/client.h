// The calling side: HTTP over libcurl, driven by the loop, loaded at the first call. Streams the
// body to a sink as it arrives (decompressed). Loop thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/loop.h"
#include "async/stop.h"
#include "async/task.h"
#include "base/error.h"
#include "net/http.h"

namespace carapace::net {

// Milliseconds; 0 or less: none.
struct Deadlines {
  std::int64_t connect_ms = 10'000;     // name, connection, TLS
  std::int64_t first_byte_ms = 60'000;  // from sending (its last byte) to the first body byte
  std::int64_t idle_ms = 60'000;        // between two reads of the body
  std::int64_t total_ms = 600'000;
};

struct Call {
  std::string method = "GET";
  std::string url{};
  Headers headers{};
  std::string body{};
  Deadlines deadlines{};
  std::size_t max_body_bytes = 256 << 20;  // of the answer, after decompression; then too_large
  // Guarded calls go through the egress guard: public addresses only, checked name, checked
  // resolved address, no proxy, a fresh connection. Unguarded ones are for peers that configuration
  // names.
  bool guarded = false;
  std::vector<std::string> private_hosts{};  // host names a guarded call may reach although private
};

struct Reply {
  int status = 0;
  Headers headers;
};

// Called on the loop. What a sink throws ends the call with internal. A sink may stop the call or
// start others, and must not destroy the Client.
struct BodySink {
  std::function<void(const Reply&)> on_head;  // once, before the first body byte; may be empty
  std::function<bool(std::string_view)>
      on_bytes;  // false stops the transfer (the call then succeeds)
};

class Client {
 public:
  virtual ~Client() = default;  // calls in flight end with cancelled
  // Redirects are never followed: the caller sees 3xx and decides. Any HTTP status is a Reply.
  // unavailable (refused, not connected in time, reset, DNS, TLS, body cut short), timeout (the
  // peer was reached; detail says which deadline), cancelled (stop), too_large, forbidden (egress
  // guard, detail says why), invalid_request (URL).
  virtual Task<Result<Reply>> call(const Call& call, const BodySink& sink, const Stop& stop) = 0;
};

// All addresses of a host name, as text. Called on another thread, for guarded calls only.
using Resolver = std::function<Result<std::vector<std::string>>(const std::string& host)>;
Result<std::vector<std::string>> resolve_with_system(const std::string& host);

// The loop outlives the client.
std::unique_ptr<Client> make_client(Loop& loop, Resolver resolver = resolve_with_system);

}  // namespace carapace::net

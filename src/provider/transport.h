// One call to a provider: POST, judge status and content type, feed the body to the wire's reader
// while it arrives, and turn whatever goes wrong into an Error without keys in its text. Shared by
// all wires. Loop thread only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "async/stop.h"
#include "async/task.h"
#include "base/clock.h"
#include "base/error.h"
#include "net/client.h"
#include "provider/contract.h"
#include "provider/spec.h"

namespace carapace::provider {

// A wire without I/O: bytes in, a Completion out. Deltas go to the sink it was made with.
class StreamReader {
 public:
  virtual ~StreamReader() = default;
  // An error ends the stream: what the provider reported, or that it is unreadable (unavailable).
  virtual Status feed(std::string_view bytes) = 0;
  // The wire's own end was seen; what a peer sends behind it does not matter.
  virtual bool done() const = 0;
  // At the end of the body, once. unavailable when the stream ended too early.
  virtual Result<Completion> finish() = 0;
};

struct PeerCall {
  std::string method = "POST";
  std::string url;
  net::Headers headers;  // content-type and accept are added
  std::string body;      // JSON text
  net::Deadlines deadlines;
  std::string key;  // never shown in an error
};

// Errors as Provider::complete. A stream that was cut after its answer was complete counts as
// complete.
Task<Result<Completion>> stream_completion(const Ports& ports, PeerCall call, StreamReader& reader,
                                           Stop stop);

// A plain call: the body of a 2xx reply as text, at most `limit` bytes.
Task<Result<std::string>> fetch_text(const Ports& ports, PeerCall call, std::size_t limit,
                                     Stop stop);

// Deadlines of one completion: a model that thinks may stay silent for longer. `thinks`: it does so
// whatever it is told.
net::Deadlines deadlines_for(const Settings& settings, const Request& request, bool thinks = false);

}  // namespace carapace::provider

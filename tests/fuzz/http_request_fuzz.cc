// Any bytes as an HTTP request, cut anywhere: the parser of the server neither crashes nor reads on
// without bound, and where the bytes are cut makes no difference to what is understood.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "net/server/request.h"

namespace {

using carapace::net::RequestLimits;
using carapace::net::RequestParser;
using carapace::net::ServerRequest;

constexpr RequestLimits kLimits{2048, 1024};

struct Outcome {
  std::optional<ServerRequest> request;
  bool refused = false;
};

void require(bool condition) {
  if (!condition) std::abort();
}

Outcome parse(std::string_view wire, std::size_t piece) {
  RequestParser parser(kLimits);
  Outcome outcome;
  std::string pending;
  std::size_t offset = 0;
  while (!parser.done()) {
    const bool had_head = parser.has_head();
    const auto taken = parser.feed(pending);
    if (!taken) {
      require(taken.error().status >= 400 && taken.error().status < 500 &&
              !taken.error().message.empty());
      outcome.refused = true;
      return outcome;
    }
    require(*taken <= pending.size());
    pending.erase(0, *taken);
    if (*taken > 0 || had_head != parser.has_head()) continue;
    if (offset >= wire.size()) return outcome;
    pending += wire.substr(offset, piece);
    offset += piece;
  }
  static_cast<void>(parser.keep_alive());
  static_cast<void>(parser.expects_continue());
  if (parser.upgrades_to_websocket())
    static_cast<void>(carapace::net::check_handshake(ServerRequest()));
  outcome.request = parser.take();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 8192) return 0;
  const std::string_view wire(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = parse(wire, wire.size() + 1);
  const auto cut = parse(wire, data[0] % 64U + 1U);
  require(whole.request.has_value() == cut.request.has_value());
  if (!whole.request) return 0;
  require(whole.request->body == cut.request->body &&
          whole.request->body.size() <= kLimits.body_bytes);
  require(whole.request->target == cut.request->target && !whole.request->path.empty());
  require(whole.request->headers.size() == cut.request->headers.size());
  for (const auto& header : whole.request->headers)
    require(header.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  return 0;
}

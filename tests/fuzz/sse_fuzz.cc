// The SSE parser gives the same events and the same end for every cut of the bytes, and never an
// event over its cap. Input: one byte that picks cap and cut, then the stream.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "net/event_stream_text.h"

namespace {

struct Seen {
  std::vector<std::string> events;
  bool failed = false;
  bool operator==(const Seen&) const = default;
};

Seen parse(std::string_view bytes, std::size_t cap, std::size_t step) {
  Seen seen;
  carapace::net::SseParser parser(
      [&](carapace::net::SseEvent&& event) {
        if (event.data.size() > cap || event.type.size() > cap) std::abort();
        seen.events.push_back(std::to_string(event.type.size()) + event.type + event.data);
      },
      cap);
  for (; !bytes.empty() && !seen.failed; bytes.remove_prefix(std::min(step, bytes.size())))
    seen.failed = !parser.feed(bytes.substr(0, step));
  if (!parser.finish()) seen.failed = true;
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cap = data[0] >= 128 ? 16 : 1 << 20;
  const auto whole = parse(bytes, cap, bytes.size() + 1);
  if (parse(bytes, cap, 1) != whole || parse(bytes, cap, 1 + data[0] % 64) != whole) std::abort();
  return 0;
}

// The SSE parser gives the same events and the same end for every cut of the bytes, and never an
// event over its cap.
#include "cuts.h"
#include "net/event_stream_text.h"

namespace {

carapace::fuzz::Seen parse(std::string_view bytes, std::size_t cap, std::size_t step) {
  carapace::fuzz::Seen seen;
  carapace::net::SseParser parser(
      [&](carapace::net::SseEvent&& event) {
        if (event.data.size() > cap || event.type.size() > cap) std::abort();
        seen.pieces.push_back(std::to_string(event.type.size()) + event.type + event.data);
      },
      cap);
  seen.failed = carapace::fuzz::feed_in_steps(parser, bytes, step);
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return carapace::fuzz::same_for_every_cut(data, size, parse);
}

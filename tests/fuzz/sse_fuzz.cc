// The SSE parser under any cut of the bytes; no event passes the cap.
#include "fuzz/any_cut.h"
#include "net/event_stream_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto make = [](carapace::fuzz::Seen& seen, std::size_t cap) {
    return carapace::net::SseParser(
        [&seen, cap](carapace::net::SseEvent&& event) {
          if (event.data.size() > cap || event.type.size() > cap) std::abort();
          seen.events.push_back(std::to_string(event.type.size()) + event.type + event.data);
        },
        cap);
  };
  return carapace::fuzz::any_cut_is_the_same(make, data, size);
}

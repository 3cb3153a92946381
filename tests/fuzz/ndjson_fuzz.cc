// The NDJSON parser under any cut of the bytes; no line is empty, holds a line feed or passes the
// cap.
#include "fuzz/any_cut.h"
#include "net/event_stream_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto make = [](carapace::fuzz::Seen& seen, std::size_t cap) {
    return carapace::net::NdjsonParser(
        [&seen, cap](std::string_view line) {
          if (line.empty() || line.size() > cap || line.contains('\n')) std::abort();
          seen.events.emplace_back(line);
        },
        cap);
  };
  return carapace::fuzz::any_cut_is_the_same(make, data, size);
}

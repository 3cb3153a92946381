// The NDJSON parser gives the same lines and the same end for every cut of the bytes; no line is
// empty, holds a line feed or passes the cap.
#include "cuts.h"
#include "net/event_stream_text.h"

namespace {

carapace::fuzz::Seen parse(std::string_view bytes, std::size_t cap, std::size_t step) {
  carapace::fuzz::Seen seen;
  carapace::net::NdjsonParser parser(
      [&](std::string_view line) {
        if (line.empty() || line.size() > cap || line.contains('\n')) std::abort();
        seen.pieces.emplace_back(line);
      },
      cap);
  seen.failed = carapace::fuzz::feed_in_steps(parser, bytes, step);
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return carapace::fuzz::same_for_every_cut(data, size, parse);
}

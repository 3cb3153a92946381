// Server-sent events, without I/O: bytes in, events out (WHATWG rules, lenient at the end of the
// stream). Also new-line delimited JSON. Both keep partial lines between feeds, accept any cut of
// the bytes, and stop with too_large when one line or event passes its cap. Any thread; one stream
// each.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace carapace::net {

struct SseEvent {
  std::string type;  // "" when the stream gave none
  std::string data;  // `data:` lines joined by LF
};

class SseParser {
 public:
  using OnEvent = std::function<void(SseEvent&&)>;
  explicit SseParser(OnEvent on_event, std::size_t max_event_bytes = 16 << 20);

  Status feed(std::string_view bytes);
  // End of the stream: a last event without its blank line is delivered when its line was complete
  // or not empty (vendors forget it).
  Status finish();

 private:
  Status take_piece(std::string_view piece, bool line_ends);
  Status take_line(std::string_view line);
  Status refuse();
  void dispatch();

  OnEvent on_event_;
  std::size_t max_bytes_;
  std::string line_;
  SseEvent event_;
  bool has_data_ = false;
  bool skip_lf_ = false;  // the last line ended with CR: a LF that follows belongs to it
  bool first_line_ = true;
  bool failed_ = false;  // too_large is final: later calls answer it again
};

class NdjsonParser {
 public:
  using OnLine = std::function<void(std::string_view)>;  // never empty, no line end
  explicit NdjsonParser(OnLine on_line, std::size_t max_line_bytes = 16 << 20);

  Status feed(std::string_view bytes);
  Status finish();  // a last line without LF counts

 private:
  Status take_piece(std::string_view piece, bool line_ends);

  OnLine on_line_;
  std::size_t max_bytes_;
  std::string line_;
  bool failed_ = false;
};

}  // namespace carapace::net

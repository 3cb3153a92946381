// The front of every event-stream reader, without I/O: server-sent events in, (type, data) out. A
// server that ignores `stream: true` and answers one JSON document gives one event whose `whole` is
// true; a web page is an error. One stream each; any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "net/event_stream_text.h"

namespace carapace::provider {

struct FeedEvent {
  std::string_view type;  // of the `event:` line, may be empty
  std::string_view data;
  bool whole = false;  // the complete answer as one JSON document
};

class EventFeed {
 public:
  using OnEvent = std::function<Status(const FeedEvent&)>;
  explicit EventFeed(OnEvent on_event);

  // The first error of the parser or of `on_event` ends the stream: later calls answer the same.
  Status feed(std::string_view bytes);
  Status finish();

 private:
  enum class Mode { undecided, events, document };

  Status deliver(const FeedEvent& event);
  Status decide(std::string_view bytes);

  OnEvent on_event_;
  net::SseParser parser_;
  Mode mode_ = Mode::undecided;
  std::string document_;  // what came before the mode was known, then the document itself
  Status failed_;
};

}  // namespace carapace::provider

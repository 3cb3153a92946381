#include "provider/event_feed.h"

#include <utility>

#include "provider/peer_error.h"

namespace carapace::provider {
namespace {
constexpr std::size_t kMaxEventBytes = 16UL << 20U;
}  // namespace

EventFeed::EventFeed(OnEvent on_event)
    : on_event_(std::move(on_event)),
      parser_([this](net::SseEvent&& event) { (void)deliver({event.type, event.data, false}); },
              kMaxEventBytes) {}

Status EventFeed::deliver(const FeedEvent& event) {
  if (failed_) failed_ = on_event_(event);
  return failed_;
}

// The first byte that is no white space and no BOM tells an event stream from a document.
Status EventFeed::decide(std::string_view bytes) {
  document_ += bytes;
  const auto first = document_.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (first == std::string::npos) return {};
  const char c = document_[first];
  if (c == '<') return std::unexpected(error_from_page(200, document_));
  if (c == '{' || c == '[') {
    mode_ = Mode::document;
    return {};
  }
  mode_ = Mode::events;
  const auto pending = std::exchange(document_, {});
  return parser_.feed(pending);
}

Status EventFeed::feed(std::string_view bytes) {
  if (!failed_) return failed_;
  Status status;
  if (mode_ == Mode::undecided) {
    status = decide(bytes);
  } else if (mode_ == Mode::events) {
    status = parser_.feed(bytes);
  } else {
    document_ += bytes;
  }
  if (document_.size() > kMaxEventBytes)
    status = fail(Errc::too_large, "the provider's answer is over {} bytes", kMaxEventBytes);
  if (!status && failed_) failed_ = status;
  return failed_;
}

Status EventFeed::finish() {
  if (!failed_) return failed_;
  if (mode_ == Mode::document) return deliver({"", document_, true});
  if (mode_ == Mode::events)
    if (auto status = parser_.finish(); !status && failed_) failed_ = status;
  return failed_;
}

}  // namespace carapace::provider

#include "net/event_stream_text.h"

#include <utility>

#include "base/text.h"

namespace carapace::net {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::unexpected<Error> too_large(std::string_view what, std::size_t limit) {
  return fail(Errc::too_large, "{} of the stream is larger than {} bytes", what, limit);
}

}  // namespace

SseParser::SseParser(OnEvent on_event, std::size_t max_event_bytes)
    : on_event_(std::move(on_event)), max_bytes_(max_event_bytes) {}

Status SseParser::feed(std::string_view bytes) {
  if (failed_) return refuse();
  while (!bytes.empty()) {
    if (std::exchange(skip_lf_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const auto end = bytes.find_first_of("\r\n");
    if (end == std::string_view::npos) return take_piece(bytes, false);
    skip_lf_ = bytes[end] == '\r';
    TRY_STATUS(take_piece(bytes.substr(0, end), true));
    bytes.remove_prefix(end + 1);
  }
  return {};
}

Status SseParser::finish() {
  if (failed_) return refuse();
  TRY_STATUS(take_piece({}, true));
  dispatch();
  return {};
}

Status SseParser::take_piece(std::string_view piece, bool line_ends) {
  // Judged by the whole line, so that the cut of the bytes changes nothing.
  if (line_.size() + piece.size() > max_bytes_) return refuse();
  if (!line_ends) {
    line_.append(piece);
    return {};
  }
  if (line_.empty()) return take_line(piece);
  line_.append(piece);
  auto status = take_line(line_);
  line_.clear();
  return status;
}

Status SseParser::take_line(std::string_view line) {
  if (std::exchange(first_line_, false) && line.starts_with(kByteOrderMark))
    line.remove_prefix(kByteOrderMark.size());
  if (line.empty()) {
    dispatch();
    return {};
  }
  const auto colon = line.find(':');
  const auto field = line.substr(0, colon);  // npos: the whole line is a field name with no value
  auto value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "event") {
    event_.type = value;
  } else if (field == "data") {
    if (event_.data.size() + value.size() + 1 > max_bytes_) return refuse();
    if (std::exchange(has_data_, true)) event_.data += '\n';
    event_.data += value;
  }
  return {};  // comments (empty field name), `id`, `retry` and unknown fields mean nothing here
}

Status SseParser::refuse() {
  failed_ = true;
  line_ = {};
  event_ = {};
  return too_large("an event", max_bytes_);
}

void SseParser::dispatch() {
  auto event = std::exchange(event_, {});
  if (std::exchange(has_data_, false)) on_event_(std::move(event));
}

NdjsonParser::NdjsonParser(OnLine on_line, std::size_t max_line_bytes)
    : on_line_(std::move(on_line)), max_bytes_(max_line_bytes) {}

Status NdjsonParser::feed(std::string_view bytes) {
  while (!failed_ && !bytes.empty()) {
    const auto end = bytes.find('\n');
    if (end == std::string_view::npos) return take_piece(bytes, false);
    TRY_STATUS(take_piece(bytes.substr(0, end), true));
    bytes.remove_prefix(end + 1);
  }
  if (failed_) return too_large("a line", max_bytes_);
  return {};
}

Status NdjsonParser::finish() {
  if (failed_) return too_large("a line", max_bytes_);
  return take_piece({}, true);
}

Status NdjsonParser::take_piece(std::string_view piece, bool line_ends) {
  if (line_.size() + piece.size() > max_bytes_) {
    failed_ = true;
    line_ = {};
    return too_large("a line", max_bytes_);
  }
  if (!line_ends) {
    line_.append(piece);
    return {};
  }
  std::string_view line = piece;
  if (!line_.empty()) line = line_.append(piece);
  // White space around a line is not content: CRLF, and the blank lines that keep a stream alive.
  line = trim(line);
  if (!line.empty()) on_line_(line);
  line_.clear();
  return {};
}

}  // namespace carapace::net

#include "agent/stream.h"

#include <utility>

namespace carapace::agent {

Stream::Stream(Loop& loop, std::function<void(decltype(RunEvent::what))> publish)
    : loop_(loop), publish_(std::move(publish)) {}

void Stream::on_text(std::string_view delta) {
  text_ += delta;
  text_delta_ += delta;
  schedule();
}

void Stream::on_thinking(std::string_view delta) {
  thinking_delta_ += delta;
  schedule();
}

void Stream::schedule() {
  if (std::exchange(scheduled_, true)) return;
  loop_.post([self = shared_from_this()] { self->flush(); });
}

void Stream::flush() {
  scheduled_ = false;
  if (!publish_) return;
  if (!thinking_delta_.empty()) publish_(RunThinking{std::exchange(thinking_delta_, {})});
  if (!text_delta_.empty()) publish_(RunText{text_, std::exchange(text_delta_, {})});
}

}  // namespace carapace::agent

// The answer while it grows: collects deltas and tells the run's readers, at most once per turn of
// the loop, so that chunks which arrived together are one event. Loop thread; shared, because a
// posted flush may outlive the call.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "async/loop.h"
#include "domain/run_event.h"
#include "provider/contract.h"

namespace carapace::agent {

class Stream final : public provider::EventSink, public std::enable_shared_from_this<Stream> {
 public:
  // `publish` gets RunText and RunThinking payloads.
  Stream(Loop& loop, std::function<void(decltype(RunEvent::what))> publish);

  void on_begin() override {}  // readers are told about words only
  void on_text(std::string_view delta) override;
  void on_thinking(std::string_view delta) override;

  void flush();                                      // tells what is waiting, now
  void detach() { publish_ = nullptr; }              // the run's frame is about to go
  const std::string& text() const { return text_; }  // all text of the current message

 private:
  void schedule();

  Loop& loop_;
  std::function<void(decltype(RunEvent::what))> publish_;
  std::string text_;
  std::string text_delta_;
  std::string thinking_delta_;
  bool scheduled_ = false;
};

}  // namespace carapace::agent

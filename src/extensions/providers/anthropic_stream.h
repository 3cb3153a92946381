// The stream of the Messages API, without I/O: bytes in, a Completion out. (Provider specification
// A.1, cases D.1, D.3.) One answer each; loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/json_fwd.h"
#include "provider/answer.h"
#include "provider/event_feed.h"
#include "provider/transport.h"

namespace carapace::providers {

class MessagesStream final : public provider::StreamReader {
 public:
  MessagesStream(provider::EventSink& events, std::span<const provider::ToolDefinition> tools,
                 std::function<std::string()> fresh_id);

  Status feed(std::string_view bytes) override { return feed_.feed(bytes); }
  bool done() const override { return done_; }
  Result<provider::Completion> finish() override;

 private:
  Status on_event(const provider::FeedEvent& event);
  void on_message(const json::object& message, bool marked);
  void on_block(std::int64_t index, const json::object& block, bool marked);
  void on_delta(std::int64_t index, const json::object& delta, bool marked);
  void on_usage(const json::object& usage);
  provider::Answer::Part* part_of(std::int64_t index, std::string_view delta_type);
  StopReason stop_reason() const;

  provider::EventFeed feed_;
  provider::Answer answer_;
  std::map<std::int64_t, provider::Answer::Part*>
      parts_;  // null: a kind of block that we do not keep
  provider::Completion completion_;
  std::string stop_;
  bool done_ = false;
};

}  // namespace carapace::providers

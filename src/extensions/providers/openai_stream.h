// The stream of a chat completion, without I/O: bytes in, a Completion out. Tolerates what the many
// servers of this wire really send (provider cases D.1, D.2). One answer each; loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.h"
#include "extensions/providers/think_tags.h"
#include "provider/answer.h"
#include "provider/event_feed.h"
#include "provider/transport.h"

namespace carapace::providers {

struct ChatStreamOptions {
  bool think_tags = false;  // <think>…</think> in the text is thinking
  bool lone_close = false;  // a closing tag alone ends thinking, too
  std::int64_t context_window = 0;
};

class ChatStream final : public provider::StreamReader {
 public:
  ChatStream(provider::EventSink& events, std::span<const provider::ToolDefinition> tools,
             std::function<std::string()> fresh_id, ChatStreamOptions options);

  Status feed(std::string_view bytes) override { return feed_.feed(bytes); }
  bool done() const override { return done_; }
  Result<provider::Completion> finish() override;

 private:
  struct Call {
    std::optional<std::int64_t> index;
    provider::Answer::Part* part;
  };

  Status on_event(const provider::FeedEvent& event);
  Status on_chunk(const json::object& chunk, bool marked);
  Status on_choice(const json::object& choice, bool marked);
  void on_delta(const json::object& delta, bool marked);
  void on_content(const json::value& content, bool marked);
  void on_reasoning(const json::object& delta, bool marked);
  void on_call(const json::object& item, bool marked);
  void on_usage(const json::object& usage);
  void add_text(std::string_view text, bool marked);
  void show(const std::vector<ThinkTags::Piece>& pieces);
  Call& find_call(const json::object& item, const json::object& function);
  void name_call(provider::Answer::Part& part, std::string_view name);
  StopReason stop_reason() const;

  provider::EventFeed feed_;
  provider::Answer answer_;
  ThinkTags tags_;
  provider::SurrogateCarry content_carry_;
  ChatStreamOptions options_;
  std::vector<Call> calls_;
  std::vector<std::string> reasoning_details_;  // JSON texts of objects, in order
  provider::Completion completion_;
  std::string finish_;  // the first finish_reason, empty: none yet
  bool finished_ = false;
  bool refused_ = false;
  bool done_ = false;
};

}  // namespace carapace::providers

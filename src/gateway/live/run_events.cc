#include "gateway/live/run_events.h"

#include <unordered_map>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "gateway/live/broadcast.h"
#include "rpc/json_text.h"

namespace carapace::gateway {
namespace {

using rpc::ObjectText;

constexpr std::size_t kToolTextBytes = 8'000;

// What is known of a run between its first and its last event.
struct Live {
  RunId run;
  std::string session_key;
  PrincipalId principal;
  bool started = false;
  bool waiting = false;  // in the list of runs to flush
  std::string text;      // of the current assistant message, so far
  std::string text_delta, thinking_delta;
  std::int64_t seq = 0, at_ms = 0;  // of the newest event that waits
  std::int64_t last_chat_ms = -kChatDeltaMs;
};

std::string message_json(std::string_view text, std::int64_t at_ms) {
  return fmt::format(
      R"({{"role":"assistant","content":[{{"type":"text","text":{}}}],"timestamp":{}}})",
      rpc::json_string(text), at_ms);
}

// A reply that no model run made, as the ancestor marks it.
std::string injected_json(std::string_view text, std::int64_t at_ms) {
  auto message = message_json(text, at_ms);
  message.pop_back();
  return message + R"(,"stopReason":"injected","usage":{"input":0,"output":0,"totalTokens":0}})";
}

// Arguments are an object unless the model's text was none: then clients see that text.
std::string arguments_json(const ToolCall& call) {
  if (!call.malformed) {
    const auto parsed = parse_json(call.arguments.empty() ? "{}" : call.arguments);
    if (parsed && parsed->is_object()) return dump_json(*parsed);
  }
  return rpc::json_string(call.arguments);
}

}  // namespace

std::string tool_result_json(const ToolResult& result) {
  rpc::ArrayText content;
  auto text = std::string(truncate_utf8(result.text, kToolTextBytes));
  if (text.size() < result.text.size()) text += "\n…(truncated)…";
  content.raw(ObjectText().text("type", "text").text("text", text).take());
  for (const auto& image : result.images)
    content.raw(ObjectText()
                    .text("type", "image")
                    .text("mimeType", image.mime)
                    .number("bytes", static_cast<std::int64_t>(image.base64.size() / 4 * 3))
                    .boolean("omitted", true)
                    .take());
  return ObjectText().raw("content", content.take()).take();
}

struct RunEvents::Impl : std::enable_shared_from_this<Impl> {
  Impl(Loop& the_loop, const Clock& the_clock, Broadcast& the_broadcast)
      : loop(the_loop), clock(the_clock), broadcast(the_broadcast) {}

  Loop& loop;
  const Clock& clock;
  Broadcast& broadcast;
  std::unordered_map<RunId, Live> runs;
  std::vector<RunId> to_flush;
  std::unordered_map<RunId, std::list<Follower>> followers;

  void agent(const Live& live, std::string_view stream, std::string_view data, std::int64_t seq,
             std::int64_t at_ms) {
    broadcast.publish("agent",
                      ObjectText()
                          .text("runId", live.run.value)
                          .text("stream", stream)
                          .raw("data", data)
                          .text_unless_empty("sessionKey", live.session_key)
                          .number("seq", seq)
                          .number("ts", at_ms)
                          .take(),
                      {.principal = live.principal});
  }

  // `rest` writes what belongs to the state.
  template <typename Rest>
  void chat(const Live& live, std::string_view state, std::int64_t seq, bool droppable, Rest rest) {
    if (live.session_key.empty()) return;
    ObjectText out;
    out.text("runId", live.run.value)
        .text("sessionKey", live.session_key)
        .number("seq", seq)
        .text("state", state);
    rest(out);
    broadcast.publish("chat", out.take(), {.droppable = droppable, .principal = live.principal});
  }

  void flush(Live& live) {
    if (!live.thinking_delta.empty()) {
      const auto delta = std::exchange(live.thinking_delta, {});
      agent(live, "thinking", ObjectText().text("delta", delta).take(), live.seq, live.at_ms);
    }
    if (live.text_delta.empty()) return;
    const auto delta = std::exchange(live.text_delta, {});
    if (!broadcast.wanted(live.principal)) return;
    agent(live, "assistant", ObjectText().text("text", live.text).text("delta", delta).take(),
          live.seq, live.at_ms);
    const auto now = clock.steady_ms();
    if (now - live.last_chat_ms < kChatDeltaMs) return;
    live.last_chat_ms = now;
    chat(live, "delta", live.seq, true,
         [&](ObjectText& out) { out.raw("message", message_json(live.text, live.at_ms)); });
  }

  // Whatever else is ready on the loop joins the same event.
  void flush_soon(Live& live) {
    if (std::exchange(live.waiting, true)) return;
    to_flush.push_back(live.run);
    if (to_flush.size() > 1) return;
    loop.post([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (!self) return;
      for (const auto& run : std::exchange(self->to_flush, {})) {
        const auto found = self->runs.find(run);
        if (found == self->runs.end()) continue;
        found->second.waiting = false;
        self->flush(found->second);
      }
    });
  }

  void on(Live& live, const RunEvent& event, const RunStarted& what) {
    live.started = true;
    agent(live, "lifecycle",
          ObjectText().text("phase", "start").number("startedAt", what.started_ms).take(),
          event.seq, event.at_ms);
  }
  void on(Live& live, const RunEvent& event, const RunText& what) {
    const bool continues = what.text.size() == live.text.size() + what.delta.size();
    if (!continues || !live.thinking_delta.empty()) flush(live);
    if (continues)
      live.text += what.delta;
    else
      live.text = what.text;
    live.text_delta += what.delta;
    live.seq = event.seq;
    live.at_ms = event.at_ms;
    flush_soon(live);
  }
  void on(Live& live, const RunEvent& event, const RunThinking& what) {
    if (!live.text_delta.empty()) flush(live);
    live.thinking_delta += what.delta;
    live.seq = event.seq;
    live.at_ms = event.at_ms;
    flush_soon(live);
  }
  void on(Live& live, const RunEvent& event, const RunToolStarted& what) {
    flush(live);
    if (!event.verbose_tools) return;
    agent(live, "tool",
          ObjectText()
              .text("phase", "start")
              .text("name", what.call.name)
              .text("toolCallId", what.call.id.value)
              .raw("args", arguments_json(what.call))
              .take(),
          event.seq, event.at_ms);
  }
  void on(Live& live, const RunEvent& event, const RunToolEnded& what) {
    flush(live);
    if (!event.verbose_tools) return;
    agent(live, "tool",
          ObjectText()
              .text("phase", "result")
              .text("name", what.call.name)
              .text("toolCallId", what.call.id.value)
              .boolean("isError", what.result.is_error)
              .raw("result", tool_result_json(what.result))
              .take(),
          event.seq, event.at_ms);
  }
  void on(Live& live, const RunEvent& event, const RunEnded& what) {
    using Outcome = RunEnded::Outcome;
    flush(live);
    if (what.outcome == Outcome::aborted) return end_aborted(live, event, what);
    if (what.outcome != Outcome::done) return end_failed(live, event, what);
    if (live.started)
      agent(live, "lifecycle",
            ObjectText().text("phase", "end").number("endedAt", what.ended_ms).take(), event.seq,
            event.at_ms);
    chat(live, "final", event.seq, false, [&](ObjectText& out) {
      const auto text = trim(what.text);
      if (text.empty()) return;
      out.raw("message",
              live.started ? message_json(text, event.at_ms) : injected_json(text, event.at_ms));
    });
  }

  void end_aborted(const Live& live, const RunEvent& event, const RunEnded& what) {
    chat(live, "aborted", event.seq, false, [&](ObjectText& out) {
      out.text("stopReason", what.stop_reason.empty() ? "rpc" : std::string_view(what.stop_reason));
    });
    if (!live.started) return;
    agent(live, "lifecycle",
          ObjectText()
              .text("phase", "end")
              .number("endedAt", what.ended_ms)
              .boolean("aborted", true)
              .take(),
          event.seq, event.at_ms);
  }

  void end_failed(const Live& live, const RunEvent& event, const RunEnded& what) {
    agent(live, "lifecycle",
          ObjectText()
              .text("phase", "error")
              .text("error", what.error)
              .number("startedAt", what.started_ms)
              .number("endedAt", what.ended_ms)
              .take(),
          event.seq, event.at_ms);
    chat(live, "error", event.seq, false,
         [&](ObjectText& out) { out.text_unless_empty("errorMessage", what.error); });
  }

  void tell_followers(const RunEvent& event) {
    const auto found = followers.find(event.run);
    if (found == followers.end()) return;
    for (const auto& follower : found->second) follower(event);
  }
};

RunEvents::RunEvents(Loop& loop, const Clock& clock, Broadcast& broadcast)
    : impl_(std::make_shared<Impl>(loop, clock, broadcast)) {}
RunEvents::~RunEvents() = default;

void RunEvents::take(const RunEvent& event) {
  auto& live = impl_->runs[event.run];
  if (live.run.empty()) {
    live.run = event.run;
    live.session_key = event.session_key;
    live.principal = event.principal;
  }
  std::visit([&](const auto& what) { impl_->on(live, event, what); }, event.what);
  if (std::holds_alternative<RunEnded>(event.what)) impl_->runs.erase(event.run);
  impl_->tell_followers(event);
}

std::unique_ptr<RunEvents::Following> RunEvents::follow(const RunId& run, Follower follower) {
  auto& list = impl_->followers[run];
  const auto at = list.insert(list.end(), std::move(follower));
  return std::make_unique<Following>(*this, run, at);
}

RunEvents::Following::~Following() {
  auto& followers = events_->impl_->followers;
  const auto found = followers.find(run_);
  found->second.erase(at_);
  if (found->second.empty()) followers.erase(found);
}

}  // namespace carapace::gateway

#include "app/chat/screen.h"

#include <fmt/format.h>

#include <utility>

#include "base/json.h"
#include "base/text.h"

namespace carapace::app {
namespace {
constexpr std::size_t kQuietChars = 100;
}

void Screen::begin(std::string run) {
  run_ = std::move(run);
  shown_.clear();
  ended_ = false;
  mid_line_ = false;
  thinking_shown_ = false;
  markdown_ = MarkdownPrinter(look_);
}

std::string Screen::quiet(std::string_view text) const {
  const auto line = ellipsize(collapse_space(strip_controls(text, false)), kQuietChars);
  std::string out = mid_line_ ? "\n" : "";
  out += look_.colour ? fmt::format("\x1b[2m  {}\x1b[0m\n", line) : fmt::format("  {}\n", line);
  return out;
}

// Clients of the protocol replace text; the terminal can only add, so it prints what is new.
std::string Screen::answer_text(std::string_view whole) {
  std::string out;
  if (!whole.starts_with(shown_)) {
    // The next message of the same run: its text starts again.
    out = markdown_.finish() + (mid_line_ ? "\n\n" : "");
    markdown_ = MarkdownPrinter(look_);
    shown_.clear();
  }
  const auto fresh = whole.substr(shown_.size());
  if (fresh.empty()) return out;
  shown_ += fresh;
  mid_line_ = !fresh.ends_with('\n');
  return out + markdown_.feed(fresh);
}

std::string Screen::agent_event(const json::object& payload) {
  const auto stream = string_or(payload, "stream", "");
  const auto* data = find_object(payload, "data");
  if (!data) return {};
  if (stream == "assistant") return answer_text(string_or(*data, "text", ""));
  if (stream == "thinking" && !std::exchange(thinking_shown_, true)) return quiet("thinking …");
  if (stream != "tool") return {};
  const auto phase = string_or(*data, "phase", "");
  std::string out = markdown_.finish();
  markdown_ = MarkdownPrinter(look_);
  if (phase == "start") {
    const auto* arguments = find(*data, "args");
    out += quiet(fmt::format("⚙ {} {}", string_or(*data, "name", "tool"),
                             arguments ? dump_json(*arguments) : ""));
  } else if (phase == "result" && find_bool(*data, "isError").value_or(false)) {
    out += quiet(fmt::format("✗ {} failed", string_or(*data, "name", "tool")));
  }
  if (!out.empty()) {
    mid_line_ = false;
    shown_.clear();
  }
  return out;
}

std::string Screen::chat_event(const json::object& payload) {
  const auto state = string_or(payload, "state", "");
  if (state == "delta") return {};  // the agent stream carries the same text, sooner
  std::string out;
  if (const auto* message = find_object(payload, "message"); message && state == "final") {
    std::string whole;
    if (const auto* content = find_array(*message, "content"))
      for (const auto& block : *content)
        if (block.is_object()) whole += string_or(block.get_object(), "text", "");
    if (whole.starts_with(shown_)) out = answer_text(whole);
  }
  out += markdown_.finish();
  if (mid_line_) out += "\n";
  mid_line_ = false;
  if (state == "aborted") out += quiet("stopped");
  if (state == "error")
    out += quiet("✗ " + string_or(payload, "errorMessage", "the answer failed"));
  ended_ = true;
  return out;
}

std::string Screen::settle(std::string_view whole, std::string_view error) {
  std::string out = whole.empty() ? "" : answer_text(whole);
  out += markdown_.finish();
  if (mid_line_) out += "\n";
  mid_line_ = false;
  if (!error.empty()) out += quiet(fmt::format("✗ {}", error));
  ended_ = true;
  return out;
}

std::string Screen::event(std::string_view name, const json::object& payload) {
  if (ended_ || string_or(payload, "runId", "") != run_) return {};
  if (name == "agent") return agent_event(payload);
  if (name == "chat") return chat_event(payload);
  return {};
}

}  // namespace carapace::app

// What the terminal chat shows of a run: the answer as it streams, thinking and tool calls as quiet
// lines. Turns events into text to print; no I/O, so that tests can read it. Loop thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "app/terminal/markdown.h"
#include "base/json_fwd.h"

namespace carapace::app {

class Screen {
 public:
  explicit Screen(Look look) : look_(look), markdown_(look) {}

  // The window may be resized at any time; the next paragraph follows it.
  void set_columns(int columns) { look_.columns = columns; }
  // A new answer begins.
  void begin(std::string run);
  // Text to print for an `agent` or `chat` event of the current run; empty: nothing.
  std::string event(std::string_view name, const json::object& payload);
  // The end of a run that is only known from afterwards: its whole last message, or an error.
  std::string settle(std::string_view whole, std::string_view error);
  bool ended() const { return ended_; }
  const std::string& run() const { return run_; }

 private:
  std::string agent_event(const json::object& payload);
  std::string chat_event(const json::object& payload);
  std::string answer_text(std::string_view whole);
  std::string quiet(std::string_view text) const;

  Look look_;
  std::string run_;
  std::string shown_;  // of the current assistant message
  bool ended_ = true;
  bool mid_line_ = false;
  bool thinking_shown_ = false;
  MarkdownPrinter markdown_;
};

}  // namespace carapace::app

// Markdown as a terminal shows it, while it streams: headings and bold in bold, code dimmed, lists
// with bullets. Text is printed as it comes; only a marker whose meaning is still open is held
// back. Control characters in the text are removed, so that an answer cannot drive the terminal.
// Without I/O; one answer each.
#pragma once

#include <string>
#include <string_view>

namespace carapace::app {

class MarkdownPrinter {
 public:
  explicit MarkdownPrinter(bool colour) : colour_(colour) {}

  std::string feed(std::string_view delta);  // what to write to the terminal now
  std::string finish();                      // what was held back, and every style off

 private:
  void take(char c, std::string& out);
  void line_start(std::string& out);
  void mark(std::string& out);
  void style(std::string& out, const char* code) const;

  bool colour_;
  bool at_line_start_ = true;
  bool in_fence_ = false;
  bool bold_ = false;
  bool code_ = false;
  bool heading_ = false;
  std::string held_;  // marker characters not yet decided
};

}  // namespace carapace::app

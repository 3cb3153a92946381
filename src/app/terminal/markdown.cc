#include "app/terminal/markdown.h"

#include <utility>

#include "base/text.h"

namespace carapace::app {
namespace {
constexpr const char* kBold = "\x1b[1m";
constexpr const char* kBoldOff = "\x1b[22m";
constexpr const char* kCode = "\x1b[36m";
constexpr const char* kCodeOff = "\x1b[39m";
}  // namespace

void MarkdownPrinter::style(std::string& out, const char* code) const {
  if (colour_) out += code;
}

std::string MarkdownPrinter::feed(std::string_view delta) {
  std::string out;
  for (const char c : strip_controls(delta, true)) take(c, out);
  return out;
}

// Decides what the held characters at the start of a line mean.
void MarkdownPrinter::line_start(std::string& out) {
  at_line_start_ = false;
  const auto held = std::exchange(held_, {});
  if (held.starts_with("```")) {
    in_fence_ = !in_fence_;
    style(out, in_fence_ ? kCode : kCodeOff);
    return;
  }
  if (in_fence_) {
    out += "  " + held;
    return;
  }
  const auto hashes = held.find_first_not_of('#');
  if (held.starts_with('#') && (hashes == std::string::npos || held[hashes] == ' ')) {
    heading_ = true;
    style(out, kBold);
    return;
  }
  const auto indent = held.find_first_not_of(' ');
  if (indent != std::string::npos && (held.substr(indent) == "- " || held.substr(indent) == "* ")) {
    out += held.substr(0, indent) + "• ";
    return;
  }
  for (const char c : held) take(c, out);
}

// Decides held `*` and '`' inside a line, before another character.
void MarkdownPrinter::mark(std::string& out) {
  const auto held = std::exchange(held_, {});
  if (held == "**") {
    bold_ = !bold_;
    style(out, bold_ ? kBold : kBoldOff);
  } else {
    out += held;
  }
}

void MarkdownPrinter::take(char c, std::string& out) {
  if (c == '\n') {
    if (at_line_start_) line_start(out);
    mark(out);
    if (heading_ || bold_) style(out, kBoldOff);
    heading_ = bold_ = false;
    out += '\n';
    at_line_start_ = true;
    return;
  }
  if (at_line_start_) {
    const bool opening = c == '#' || c == ' ' || c == '-' || c == '*' || c == '`';
    held_ += c;
    const bool item = held_.size() >= 2 && held_.back() == ' ' &&
                      (held_[held_.size() - 2] == '-' || held_[held_.size() - 2] == '*');
    const bool header = held_.size() >= 2 && held_.front() == '#' && held_.back() == ' ';
    if (held_.starts_with("```")) return;  // the rest of a fence line is its language
    if (!opening || item || header || held_.size() > 16) line_start(out);
    return;
  }
  if (in_fence_) {
    out += c;
    return;
  }
  if (c == '`') {
    mark(out);
    code_ = !code_;
    style(out, code_ ? kCode : kCodeOff);
    return;
  }
  if (c == '*' && !code_) {
    held_ += c;
    if (held_ == "**") mark(out);
    return;
  }
  mark(out);
  out += c;
}

std::string MarkdownPrinter::finish() {
  std::string out;
  if (at_line_start_ && !held_.empty()) line_start(out);
  mark(out);
  if (bold_ || heading_ || code_ || in_fence_) style(out, "\x1b[0m");
  return out;
}

}  // namespace carapace::app

#include "config/text/comments.h"

#include <algorithm>

namespace carapace::config {
namespace {

using std::string_view;

std::size_t behind_string(string_view text, std::size_t at) {
  const char mark = text[at++];
  while (at < text.size() && text[at] != mark) at += text[at] == '\\' ? 2 : 1;
  return std::min(at + 1, text.size());
}

}  // namespace

std::size_t line_comment_end(string_view text, std::size_t at) {
  for (; at < text.size(); ++at) {
    const auto three = text.substr(at, 3);
    if (text[at] == '\n' || text[at] == '\r' || three == "\xe2\x80\xa8" || three == "\xe2\x80\xa9")
      break;
  }
  return at;
}

std::vector<Comment> comments_of(string_view text) {
  std::vector<Comment> out;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto two = text.substr(at, 2);
    if (text[at] == '"' || text[at] == '\'') {
      at = behind_string(text, at);
    } else if (two == "//") {
      const auto end = line_comment_end(text, at);
      out.push_back({at, end, false});
      at = end;
    } else if (two == "/*") {
      const auto close = text.find("*/", at + 2);
      const auto end = close == string_view::npos ? text.size() : close + 2;
      out.push_back({at, end, true});
      at = end;
    } else {
      ++at;
    }
  }
  return out;
}

}  // namespace carapace::config

// Where the comments of a JSON5 text stand. Pure; any thread. Inside config/ only.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace carapace::config {

struct Comment {
  std::size_t begin = 0;  // bytes [begin, end), with the marks around it, without the line end
  std::size_t end = 0;
  bool block = false;
};

// Where the line of a comment that begins with two slashes ends: at CR, LF, and at the two
// separators of Unicode (E2 80 A8, E2 80 A9).
std::size_t line_comment_end(std::string_view text, std::size_t at);

// In the order of the text, which is one that `read_json5` accepts.
std::vector<Comment> comments_of(std::string_view text);

}  // namespace carapace::config

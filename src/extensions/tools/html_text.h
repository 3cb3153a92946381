// HTML to text that reads well: headings, paragraphs, lists, links as [text](url), code and tables;
// scripts, styles, navigation, hidden parts and comments are left out. Bounded work for hostile
// input. Pure.
#pragma once

#include <string>
#include <string_view>

namespace carapace::tools {

struct ReadableText {
  std::string title;
  std::string text;
};

// At most `max_chars` bytes of text, cut at a code point. Input need not be valid HTML or valid
// UTF-8.
ReadableText html_to_text(std::string_view html, std::size_t max_chars);

}  // namespace carapace::tools

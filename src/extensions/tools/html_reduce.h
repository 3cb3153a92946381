// HTML boiled down before the parser sees it: only elements that matter for reading, in canonical
// spelling, without comments, scripts, drawings, forms and attributes that nobody reads. What the
// parser gets is what was counted here, so hostile nesting (its work and its stack grow with it)
// cannot hide. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace carapace::tools {

struct ReducedHtml {
  std::string title;  // of the first <title>, as written (entities stay)
  std::string html;
  bool parseable =
      false;  // false: nests too deep or has too many elements; `html` is then cut short
};

ReducedHtml reduce_html(std::string_view html);

// The words outside of tags, scripts and styles, at most `limit` bytes: the plain way out.
std::string words_without_tags(std::string_view html, std::size_t limit);

}  // namespace carapace::tools

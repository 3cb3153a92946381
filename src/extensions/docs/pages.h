// The project's own documentation, compiled in: pages cut into passages at their headings, and a
// full-text index over them. Used by the docs_search tool and by the offline guide. Loop thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "store/text_index.h"

namespace carapace::docs {

// Cuts Markdown at its headings (fenced code is left alone). The text before the first heading
// belongs to the page's title. Empty passages are dropped.
std::vector<store::Passage> passages_of(std::string page, std::string_view markdown);

// All passages of the embedded pages.
std::vector<store::Passage> embedded_passages();

// Finds passages for a person's question: words of no meaning are dropped first, and a passage
// counts only when it holds enough of the others, rare ones before common ones. Empty when the
// documentation does not answer the question.
class DocsSearch {
 public:
  std::vector<store::Hit> ask(std::string_view question, std::size_t limit);

 private:
  std::unique_ptr<store::TextIndex> index_;  // built at the first question
  std::size_t passages_ = 0;                 // in it
};

// The words of a question that carry meaning, lower case.
std::vector<std::string> meaning_words(std::string_view question);

}  // namespace carapace::docs

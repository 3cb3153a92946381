// Full-text search over a handful of passages, in memory: the documentation that is compiled in.
// Built at first use. Called on the loop (microseconds) or from tests; not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace carapace::store {

struct Passage {
  std::string page;  // e.g. README.md
  std::string heading;
  std::string text;
  std::string asked = {};   // words that people ask for it with, searched and never shown
  std::string sought = {};  // those of them that mean this passage even alone
};

// Where a word is looked for.
enum class Within : std::uint8_t {
  passage,  // all of it
  name,     // heading and asked
  title,    // heading and sought
};

struct Hit {
  Passage passage;
  double score = 0;  // smaller is better (bm25)
};

class TextIndex {
 public:
  virtual ~TextIndex() = default;
  // Words of a person's question, in any language; stop words are the caller's business. Best
  // first. Any of the words may match; headings weigh more. The passages of hits have no `asked`.
  virtual std::vector<Hit> search(std::string_view words, std::size_t limit,
                                  Within within = Within::passage) = 0;
};

Result<std::unique_ptr<TextIndex>> make_text_index(std::vector<Passage> passages);

}  // namespace carapace::store

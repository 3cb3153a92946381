#include "app/verbs/config/editor_words.h"

namespace carapace::app {

Result<std::vector<std::string>> editor_words(std::string_view command) {
  std::vector<std::string> words;
  std::string word;
  bool within = false;  // a word, even an empty one in quotes
  char quote = 0;
  for (std::size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    if (quote == 0 && (c == ' ' || c == '\t' || c == '\n')) {
      if (within) words.push_back(std::move(word));
      word.clear();
      within = false;
      continue;
    }
    within = true;
    if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else if (c == '\\' && quote != '\'' && i + 1 < command.size()) {
      word += command[++i];
    } else {
      word += c;
    }
  }
  if (quote != 0) return fail(Errc::invalid_request, "a quote that does not end: {}", command);
  if (within) words.push_back(std::move(word));
  return words;
}

}  // namespace carapace::app

#include "extensions/docs/pages.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>
#include <utility>

#include "base/asset.h"
#include "base/text.h"
#include "log/log.h"

namespace carapace {
std::span<const Asset> embedded_docs();  // made by tools/embed
}

namespace carapace::docs {
namespace {

constexpr log::Log kLog{"docs"};

constexpr std::array<std::string_view, 92> kFunctionWords{
    "a",     "about", "after", "all",   "am",    "an",    "and",   "any",    "are",   "as",    "at",     "be",
    "been",  "but",   "by",    "can",   "could", "did",   "do",    "does",   "for",   "from",  "get",    "give",
    "got",   "had",   "has",   "have",  "help",  "here",  "how",   "i",      "if",    "in",    "into",   "is",
    "it",    "its",   "just",  "let",   "like",  "make",  "me",    "my",     "need",  "no",    "not",    "now",
    "of",    "on",    "one",   "or",    "our",   "out",   "please", "should", "show",  "so",    "some",   "tell",
    "than",  "that",  "the",   "their", "them",  "then",  "there", "these",  "they",  "this",  "to",     "up",
    "us",    "use",   "want",  "was",   "way",   "we",    "were",  "what",   "when",  "where", "which",  "who",
    "why",   "will",  "with",  "would", "you",   "your",  "carapace", "happens"};

// Words are compared by their beginning, so that "configured" finds "configuration".
std::string stem(std::string_view word) { return std::string(word.substr(0, word.size() > 6 ? 6 : word.size())); }

double coverage(const std::vector<std::string>& words, const store::Passage& passage) {
  if (words.empty()) return 0;
  const auto text = to_lower(passage.page + " " + passage.heading + "\n" + passage.text);
  const auto found = std::ranges::count_if(words, [&text](const std::string& word) { return text.contains(stem(word)); });
  return static_cast<double>(found) / static_cast<double>(words.size());
}

std::string heading_text(std::string_view line) {
  while (line.starts_with('#')) line.remove_prefix(1);
  return std::string(trim(line));
}

}  // namespace

std::vector<std::string> meaning_words(std::string_view question) {
  std::vector<std::string> words;
  std::string word;
  const auto close = [&] {
    if (!word.empty() && std::ranges::find(kFunctionWords, word) == kFunctionWords.end() &&
        std::ranges::find(words, word) == words.end())
      words.push_back(word);
    word.clear();
  };
  for (const char c : to_lower(question)) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || byte >= 0x80 || c == '_') {
      word += c;
    } else if (c != '\'') {
      close();
    }
  }
  close();
  return words;
}

std::vector<store::Passage> passages_of(std::string page, std::string_view markdown) {
  std::vector<store::Passage> passages;
  store::Passage current{page, page, ""};
  bool in_code = false;
  const auto close = [&] {
    current.text = std::string(trim(current.text));
    if (!current.text.empty()) passages.push_back(current);
    current.text.clear();
  };
  for (const auto line : split(markdown, '\n')) {
    if (line.starts_with("```")) in_code = !in_code;
    if (!in_code && line.starts_with('#')) {
      close();
      current.heading = heading_text(line);
      continue;
    }
    current.text += line;
    current.text += '\n';
  }
  close();
  return passages;
}

std::vector<store::Passage> embedded_passages() {
  std::vector<store::Passage> all;
  for (const auto& asset : embedded_docs()) {
    if (!asset.path.ends_with(".md")) continue;
    auto passages = passages_of(std::string(asset.path), asset.bytes);
    all.insert(all.end(), std::make_move_iterator(passages.begin()), std::make_move_iterator(passages.end()));
  }
  return all;
}

std::vector<store::Hit> DocsSearch::ask(std::string_view question, std::size_t limit) {
  constexpr std::size_t kCandidates = 40;
  constexpr double kEnough = 0.6;  // of the question's words, before a passage counts as an answer
  const auto words = meaning_words(question);
  if (words.empty()) return {};
  if (!index_) {
    auto made = store::make_text_index(embedded_passages());
    if (!made) {
      kLog.error("the documentation index could not be built", {{"cause", made.error().detail}});
      return {};
    }
    index_ = std::move(*made);
  }
  auto hits = index_->search(join(words, " "), kCandidates);
  std::erase_if(hits, [&](const store::Hit& hit) { return coverage(words, hit.passage) < kEnough; });
  // bm25 is negative and smaller is better; a passage that has every word beats one that repeats a few.
  std::ranges::sort(hits, {}, [&](const store::Hit& hit) {
    const double share = coverage(words, hit.passage);
    return hit.score * share * share;
  });
  if (hits.size() > limit) hits.resize(limit);
  return hits;
}

}  // namespace carapace::docs

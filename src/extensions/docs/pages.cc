#include "extensions/docs/pages.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <iterator>
#include <map>
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
// For those who build in the house; who asks the guide wants to live in it.
constexpr std::string_view kForBuilders[] = {"docs/ARCHITECTURE.md", "docs/LIFE_OF_A_MESSAGE.md",
                                             "docs/STYLE.md", "docs/GLOSSARY.md",
                                             "docs/PERFORMANCE.md"};
constexpr double kBuildersShare = 0.6;
constexpr std::size_t kMaxWords = 30;  // of one question

// Sorted, so that a new one finds its place.
constexpr std::string_view kFunctionWords[] = {
    "times",  "a",       "about", "after", "again", "all",    "also", "am",    "an",    "and",
    "any",    "are",     "as",    "at",    "be",    "been",   "but",  "by",    "can",   "could",
    "did",    "do",      "does",  "find",  "for",   "from",   "get",  "give",  "got",   "had",
    "happen", "happens", "has",   "have",  "hello", "help",   "here", "hey",   "hi",    "how",
    "i",      "if",      "in",    "into",  "is",    "it",     "its",  "just",  "let",   "like",
    "make",   "me",      "mean",  "means", "my",    "need",   "no",   "not",   "now",   "of",
    "on",     "one",     "or",    "our",   "out",   "please", "say",  "says",  "shall", "should",
    "show",   "so",      "some",  "tell",  "than",  "that",   "the",  "their", "them",  "then",
    "there",  "these",   "they",  "this",  "to",    "up",     "us",   "use",   "using", "want",
    "was",    "way",     "we",    "were",  "what",  "whats",  "when", "where", "which", "who",
    "why",    "will",    "with",  "would", "you",   "your"};

// How much of a question's meaning each passage holds. Rare words mean more; a word that no page
// has means most, so that a question about something else finds nothing.
class Coverage {
 public:
  Coverage(store::TextIndex& index, const std::vector<std::string>& words, std::size_t passages) {
    for (const auto& word : words) {
      const auto hits = index.search(word, passages);
      const double weight =
          std::log(1.0 + static_cast<double>(passages) / (static_cast<double>(hits.size()) + 0.5));
      total_ += weight;
      for (const auto& hit : hits) held_[key(hit.passage)] += weight;
    }
  }
  double of(const store::Passage& passage) const {
    const auto found = held_.find(key(passage));
    return found == held_.end() || total_ <= 0 ? 0 : found->second / total_;
  }

 private:
  static std::string key(const store::Passage& passage) {
    return passage.page + '\n' + passage.heading + '\n' + passage.text;
  }

  std::map<std::string, double> held_;
  double total_ = 0;
};

// The share of a heading's words that were asked for: the heading that is the question fits best.
double heading_fit(const std::vector<std::string>& asked, const std::string& heading) {
  constexpr std::size_t kStem = 6;  // "configured" asks for "configuration"
  const auto words = meaning_words(heading);
  if (words.empty()) return 0;
  const auto is_asked = [&asked](const std::string& word) {
    return std::ranges::any_of(asked, [&word](const std::string& one) {
      return one.substr(0, kStem) == word.substr(0, kStem);
    });
  };
  return static_cast<double>(std::ranges::count_if(words, is_asked)) /
         static_cast<double>(words.size());
}

// The fence that a line opens or closes: its character and length; 0 for other lines.
std::size_t fence_length(std::string_view line, char mark) {
  const auto indent = line.find_first_not_of(' ');
  if (indent == std::string_view::npos || indent > 3) return 0;
  line.remove_prefix(indent);
  const auto length = std::min(line.find_first_not_of(mark), line.size());
  return length >= 3 ? length : 0;
}

// Follows fenced code, in which nothing is a heading.
class Fences {
 public:
  bool inside(std::string_view line) {
    const bool was_inside = length_ > 0;
    for (const char mark : {'`', '~'}) {
      const auto length = fence_length(line, mark);
      if (length == 0 || (was_inside && mark != mark_)) continue;
      if (!was_inside) {
        mark_ = mark;
        length_ = length;
      } else if (length >= length_) {
        length_ = 0;
      }
      return true;
    }
    return was_inside;
  }

 private:
  char mark_ = 0;
  std::size_t length_ = 0;
};

bool is_heading(std::string_view line) {
  const auto level = line.find_first_not_of('#');
  return level != std::string_view::npos && level > 0 && level <= 6 && line[level] == ' ';
}

bool has_letter(std::string_view word) {
  return std::ranges::any_of(word,
                             [](unsigned char c) { return std::isalpha(c) != 0 || c >= 0x80; });
}

std::string heading_text(std::string_view line) {
  while (line.starts_with('#')) line.remove_prefix(1);
  line = trim(line);
  while (line.ends_with('#')) line.remove_suffix(1);
  return std::string(trim(line));
}

}  // namespace

std::vector<std::string> meaning_words(std::string_view question) {
  std::vector<std::string> words;
  std::string word;
  const auto close = [&] {
    if (!word.empty() && std::ranges::find(kFunctionWords, word) == std::end(kFunctionWords) &&
        std::ranges::find(words, word) == words.end() && words.size() < kMaxWords)
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
  // The pages are all about it, unless nothing else was asked for.
  if (words.size() > 1) std::erase(words, "carapace");
  // A small number is part of no question that a page could answer; a port is.
  std::erase_if(words, [](const std::string& one) { return one.size() < 4 && !has_letter(one); });
  // Numbers alone ask for nothing that a page could tell.
  if (std::ranges::none_of(words, has_letter)) words.clear();
  return words;
}

std::vector<store::Passage> passages_of(std::string page, std::string_view markdown) {
  std::vector<store::Passage> passages;
  store::Passage current{page, page, ""};
  Fences fences;
  const auto close = [&] {
    current.text = std::string(trim(current.text));
    if (!current.text.empty()) passages.push_back(current);
    current.text.clear();
  };
  for (const auto line : split(markdown, '\n')) {
    if (!fences.inside(line) && is_heading(line)) {
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
    all.insert(all.end(), std::make_move_iterator(passages.begin()),
               std::make_move_iterator(passages.end()));
  }
  return all;
}

std::vector<store::Hit> DocsSearch::ask(std::string_view question, std::size_t limit) {
  constexpr std::size_t kCandidates = 40;
  constexpr double kEnough =
      0.6;  // of the question's meaning, before a passage counts as an answer
  const auto words = meaning_words(question);
  if (words.empty()) return {};
  if (!index_) {
    auto passages = embedded_passages();
    passages_ = passages.size();
    auto made = store::make_text_index(std::move(passages));
    if (!made) {
      kLog.error("the documentation index could not be built", {{"cause", made.error().detail}});
      return {};
    }
    index_ = std::move(*made);
  }
  const Coverage coverage(*index_, words, passages_);
  auto hits = index_->search(join(words, " "), kCandidates);
  std::erase_if(hits, [&](const store::Hit& hit) { return coverage.of(hit.passage) < kEnough; });
  // bm25 is negative and smaller is better; a passage that has every word beats one that repeats a
  // few.
  std::ranges::sort(hits, {}, [&](const store::Hit& hit) {
    const double share = coverage.of(hit.passage);
    const bool builders =
        std::ranges::find(kForBuilders, hit.passage.page) != std::end(kForBuilders);
    const double fit = 1.0 + heading_fit(words, hit.passage.heading) / 4;
    return hit.score * share * share * fit * (builders ? kBuildersShare : 1.0);
  });
  if (hits.size() > limit) hits.resize(limit);
  return hits;
}

}  // namespace carapace::docs

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
constexpr std::string_view kTroublePage = "docs/TROUBLESHOOTING.md";
constexpr double kBuildersWeight = 0.6;
constexpr double kTroubleWeight = 0.9;
constexpr double kUnnamed = 0.3;  // what a passage counts whose name has none of the words
// Shares of a question's meaning that a passage must hold before it counts as an answer: anywhere,
// in its name, and in its name when it is for builders.
constexpr double kEnough = 0.62;
constexpr double kNamedEnough = 0.3;
constexpr double kNamedForBuilders = 0.5;
constexpr std::size_t kCandidates = 60;
constexpr std::size_t kMaxWords = 30;  // of one question

// Sorted, so that a new one finds its place.
constexpr std::string_view kFunctionWords[] = {
    "a",        "able",     "about",     "actually",  "after",     "again",    "all",
    "allowed",  "also",     "always",    "am",        "an",        "and",      "another",
    "any",      "anything", "are",       "as",        "assistant", "at",       "available",
    "be",       "because",  "been",      "being",     "best",      "both",     "but",
    "by",       "can",      "cannot",    "cant",      "come",      "coming",   "computer",
    "could",    "did",      "didnt",     "different", "do",        "does",     "doesnt",
    "done",     "dont",     "down",      "each",      "easily",    "easy",     "either",
    "else",     "ever",     "every",     "exactly",   "exist",     "exists",   "explain",
    "find",     "first",    "for",       "from",      "get",       "give",     "go",
    "goes",     "going",    "good",      "got",       "guys",      "had",      "happen",
    "happened", "happens",  "has",       "hate",      "have",      "hello",    "help",
    "here",     "hey",      "hi",        "how",       "however",   "i",        "if",
    "im",       "in",       "instead",   "into",      "is",        "isnt",     "it",
    "its",      "ive",      "just",      "kind",      "know",      "laptop",   "last",
    "let",      "lets",     "like",      "long",      "look",      "looking",  "lot",
    "love",     "machine",  "made",      "main",      "make",      "many",     "maybe",
    "me",       "mean",     "means",     "might",     "mine",      "more",     "most",
    "much",     "must",     "my",        "near",      "need",      "never",    "new",
    "next",     "nice",     "no",        "not",       "now",       "of",       "off",
    "often",    "ok",       "okay",      "on",        "one",       "only",     "or",
    "other",    "others",   "our",       "out",       "over",      "own",      "pc",
    "perhaps",  "please",   "possible",  "possibly",  "problem",   "properly", "put",
    "quickly",  "quite",    "rather",    "really",    "right",     "see",      "seem",
    "set",      "shall",    "should",    "show",      "simply",    "since",    "so",
    "some",     "somebody", "somehow",   "someone",   "something", "still",    "stuff",
    "such",     "sure",     "take",      "takes",     "talk",      "tell",     "than",
    "thank",    "thanks",   "that",      "thats",     "the",       "their",    "them",
    "then",     "there",    "theres",    "these",     "they",      "thing",    "things",
    "think",    "this",     "though",    "through",   "time",      "times",    "to",
    "told",     "too",      "tried",     "try",       "trying",    "under",    "until",
    "up",       "us",       "use",       "using",     "very",      "via",      "wanna",
    "want",     "wants",    "was",       "way",       "we",        "went",     "were",
    "what",     "whatever", "whats",     "when",      "where",     "whether",  "which",
    "while",    "who",      "whole",     "why",       "will",      "wish",     "with",
    "without",  "wonder",   "wondering", "work",      "working",   "works",    "would",
    "yes",      "yet",      "you",       "your"};

// How much of a question's meaning each passage holds: anywhere in it, and in its name. Rare words
// mean more; a word that no page has means most, so that a question about something else finds
// nothing.
class Coverage {
 public:
  Coverage(store::TextIndex& index, const std::vector<std::string>& words, std::size_t passages) {
    using store::Within;
    for (const auto& word : words) {
      const auto hits = index.search(word, passages);
      const double weight =
          std::log(1.0 + static_cast<double>(passages) / (static_cast<double>(hits.size()) + 0.5));
      total_ += weight;
      for (const auto& hit : hits) of_[key(hit.passage)].anywhere += weight;
      // One word alone says little: it has to be one that the passage is known by.
      const auto within = words.size() == 1 ? Within::title : Within::name;
      for (const auto& hit : index.search(word, passages, within))
        of_[key(hit.passage)].named += weight;
    }
  }
  double anywhere(const store::Passage& passage) const { return share(passage).anywhere / total_; }
  double named(const store::Passage& passage) const { return share(passage).named / total_; }

 private:
  struct Share {
    double anywhere = 0;
    double named = 0;
  };
  static std::string key(const store::Passage& passage) {
    return passage.page + '\n' + passage.heading + '\n' + passage.text;
  }
  Share share(const store::Passage& passage) const {
    const auto found = of_.find(key(passage));
    return found == of_.end() ? Share{} : found->second;
  }

  std::map<std::string, Share> of_;
  double total_ = 0;  // positive: there is at least one word
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

bool is_for_builders(std::string_view page) {
  return std::ranges::find(kForBuilders, page) != std::end(kForBuilders);
}

double page_weight(std::string_view page) {
  if (is_for_builders(page)) return kBuildersWeight;
  // Advice for when something went wrong stands behind what explains the thing itself.
  return page == kTroublePage ? kTroubleWeight : 1.0;
}

bool answers(const store::Passage& passage, const Coverage& coverage,
             const std::vector<std::string>& words) {
  if (coverage.anywhere(passage) < kEnough) return false;
  if (!is_for_builders(passage.page)) return coverage.named(passage) >= kNamedEnough;
  return words.size() > 1 && coverage.named(passage) >= kNamedForBuilders;
}

// The words of `<!-- asked: strong words; others -->`, which stands below a heading for this search
// alone.
bool take_asked(std::string_view line, store::Passage& passage) {
  constexpr std::string_view kOpen = "<!-- asked: ";
  constexpr std::string_view kClose = " -->";
  if (!line.starts_with(kOpen) || !line.ends_with(kClose)) return false;
  line.remove_prefix(kOpen.size());
  line.remove_suffix(std::min(kClose.size(), line.size()));
  passage.asked = line;
  passage.sought = line.substr(0, line.find(';'));
  return true;
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
  if (words.size() > 2) std::erase(words, "carapace");
  // No page is about a number: one's own port, a size, a sum.
  std::erase_if(words, [](const std::string& one) { return !has_letter(one); });
  return words;
}

std::vector<store::Passage> passages_of(std::string page, std::string_view markdown) {
  std::vector<store::Passage> passages;
  store::Passage current{.page = page, .heading = page, .text = {}, .asked = {}, .sought = {}};
  Fences fences;
  const auto close = [&] {
    current.text = std::string(trim(current.text));
    if (!current.text.empty()) passages.push_back(current);
    current.text.clear();
    current.asked.clear();
    current.sought.clear();
  };
  for (const auto line : split(markdown, '\n')) {
    const bool code = fences.inside(line);
    if (!code && is_heading(line)) {
      close();
      current.heading = heading_text(line);
      continue;
    }
    if (!code && take_asked(line, current)) continue;
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
  std::erase_if(hits,
                [&](const store::Hit& hit) { return !answers(hit.passage, coverage, words); });
  // bm25 is negative and smaller is better; a passage that has every word beats one that repeats a
  // few.
  std::ranges::sort(hits, {}, [&](const store::Hit& hit) {
    const double share = coverage.anywhere(hit.passage);
    const double fit = 1.0 + heading_fit(words, hit.passage.heading) / 4;
    return hit.score * share * share * fit * (kUnnamed + coverage.named(hit.passage)) *
           page_weight(hit.passage.page);
  });
  if (hits.size() > limit) hits.resize(limit);
  return hits;
}

}  // namespace carapace::docs

// Splits reasoning that a model writes as <think>…</think> at the start of its text from the
// answer, while the text arrives in any cut. No I/O; one stream each; any thread. (Provider case
// O10.)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace carapace::providers {

class ThinkTags {
 public:
  enum class Kind : std::uint8_t {
    text,
    thinking,
    relabel,  // no words: all text given so far was thinking (only a closing tag came)
  };
  struct Piece {
    Kind kind = Kind::text;
    std::string text;
  };

  // `lone_close`: templates of reasoning models may write the opening tag into the prompt.
  ThinkTags(bool enabled, bool lone_close);

  std::vector<Piece> feed(std::string_view text);
  std::vector<Piece> finish();  // an unclosed tag leaves everything behind it thinking

 private:
  enum class State : std::uint8_t { start, thinking, after, text };

  bool step(std::vector<Piece>& out);  // false when more input is needed
  void emit(std::vector<Piece>& out, Kind kind, std::size_t bytes);

  State state_;
  bool lone_close_;
  std::string held_;
  std::string_view close_;
};

}  // namespace carapace::providers

// The words of JSON5: blanks and comments, keys, texts, numbers, literals. Reads forward from
// `at_`; the grammar (json5.cc) derives from it. Works on text that is known to be UTF-8. Inside
// config/ only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "config/json5.h"

namespace carapace::config {

// The problem that ends the reading travels as an exception from here to `read_json5` and no
// further: nearly every function of a recursive reader can meet one.
struct Json5Stop {
  std::size_t at;
  std::string what;
};

class Json5Lexer {
 protected:
  explicit Json5Lexer(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ >= text_.size(); }
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool at_number() const;  // begins a number here?
  bool at_key() const;     // a key or another bare word?
  [[noreturn]] void stop(std::string what) const { throw Json5Stop{at_, std::move(what)}; }
  [[noreturn]] static void stop_at(std::size_t at, std::string what) {
    throw Json5Stop{at, std::move(what)};
  }
  std::string shown() const;  // what stands here, for a message

  void skip_blanks();                    // and comments
  bool word(std::string_view expected);  // a literal that no letter or digit follows
  std::string key();                     // without quotes
  std::string string();                  // in either quotes
  void number(Json5Node& node);

  std::string_view text_;
  std::size_t at_ = 0;

 private:
  std::pair<char32_t, std::size_t> point() const;  // the code point here and its length
  void advance() { at_ += point().second; }
  bool skip_comment();
  void escape(std::string& out, std::uint32_t& high);
  std::uint32_t hex_digits(int count);
  void hex_number(Json5Node& node, bool negative);
  void decimal(Json5Node& node, bool negative);
};

}  // namespace carapace::config

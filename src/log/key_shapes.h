// Secrets that can be told by their own looks: keys with a vendor's prefix, bot tokens, signed
// tokens, private key blocks. Inside log/ only. Pure; every function looks at each byte a bounded
// number of times.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace carapace::log {

// Letters, digits, '_' and '-': what names and most keys are made of.
constexpr bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}
std::size_t word_end(std::string_view text, std::size_t at);

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool empty() const { return begin == end; }
};

// The first secret that begins inside the word [begin, end) of `text`; it may reach beyond the
// word. Empty when there is none.
Span find_key_shape(std::string_view text, std::size_t begin, std::size_t end);

// Replaces private key blocks, also unfinished ones; false when there was none.
bool remove_private_keys(std::string& text);

inline constexpr std::string_view kRemovedKey = "[private-key-removed]";

}  // namespace carapace::log

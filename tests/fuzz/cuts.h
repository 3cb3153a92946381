// What the parsers of streams have in common under fuzz: whatever the cut of the bytes, the same
// comes out. Input: one byte that picks cap and cut, then the stream.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace carapace::fuzz {

struct Seen {
  std::vector<std::string> pieces;
  bool failed = false;
  bool operator==(const Seen&) const = default;
};

// `parser` writes into `seen.pieces`; true when it refused the stream.
template <typename Parser>
bool feed_in_steps(Parser& parser, std::string_view bytes, std::size_t step) {
  bool failed = false;
  for (; !bytes.empty() && !failed; bytes.remove_prefix(std::min(step, bytes.size())))
    failed = !parser.feed(bytes.substr(0, step));
  return !parser.finish() || failed;
}

// `parse(bytes, cap, step)` answers what it saw; another cut must not change it.
template <typename Parse>
int same_for_every_cut(const std::uint8_t* data, std::size_t size, Parse parse) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cap = data[0] >= 128 ? 16 : 1 << 20;
  const Seen whole = parse(bytes, cap, bytes.size() + 1);
  if (parse(bytes, cap, 1) != whole || parse(bytes, cap, 1 + data[0] % 64) != whole) std::abort();
  return 0;
}

}  // namespace carapace::fuzz

// What the parsers of line streams promise: the same events and the same end for every cut of the
// bytes. Input of such a target: one byte that picks cap and cut, then the stream. Header only.
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
  std::vector<std::string> events;
  bool failed = false;
  bool operator==(const Seen&) const = default;
};

// `make` gives a parser with this cap that writes down in `Seen` what it found.
template <typename Make>
Seen feed_in_steps(const Make& make, std::string_view bytes, std::size_t cap, std::size_t step) {
  Seen seen;
  auto parser = make(seen, cap);
  for (; !bytes.empty() && !seen.failed; bytes.remove_prefix(std::min(step, bytes.size())))
    seen.failed = !parser.feed(bytes.substr(0, step));
  if (!parser.finish()) seen.failed = true;
  return seen;
}

template <typename Make>
int any_cut_is_the_same(const Make& make, const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cap = data[0] >= 128 ? 16 : 1 << 20;
  const auto whole = feed_in_steps(make, bytes, cap, bytes.size() + 1);
  for (const std::size_t step : {std::size_t{1}, std::size_t{1} + data[0] % 64})
    if (feed_in_steps(make, bytes, cap, step) != whole) std::abort();
  return 0;
}

}  // namespace carapace::fuzz

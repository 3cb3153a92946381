// CRC32C over what a row says. SQLite has no page checksums, so a flipped bit on the disk would
// otherwise read as truth: with this it becomes a visible placeholder. Not a protection against
// people. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace carapace::store {

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);

// Sums several columns; lengths are part of it, so that text cannot wander between columns.
class Checksum {
 public:
  Checksum& add(std::string_view text);
  Checksum& add(std::int64_t number);
  std::int64_t value() const { return sum_; }

 private:
  std::uint32_t sum_ = 0;
};

}  // namespace carapace::store

#include "store/rows/checksum.h"

#include <array>

namespace carapace::store {
namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78;  // Castagnoli, reflected

// Slicing by eight: table t advances a byte by t more zero bytes, so that eight bytes cost one
// step.
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t sum = i;
    for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1U) ^ ((sum & 1U) != 0 ? kPolynomial : 0);
    tables[0][i] = sum;
  }
  for (std::size_t t = 1; t < tables.size(); ++t)
    for (std::size_t i = 0; i < 256; ++i)
      tables[t][i] = (tables[t - 1][i] >> 8U) ^ tables[0][tables[t - 1][i] & 0xffU];
  return tables;
}

constexpr Tables kTables = make_tables();

std::uint32_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed) {
  std::uint32_t sum = ~seed;
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    const std::uint32_t low = sum ^ (byte_at(bytes, at) | byte_at(bytes, at + 1) << 8U |
                                     byte_at(bytes, at + 2) << 16U | byte_at(bytes, at + 3) << 24U);
    sum = kTables[7][low & 0xffU] ^ kTables[6][(low >> 8U) & 0xffU] ^
          kTables[5][(low >> 16U) & 0xffU] ^ kTables[4][low >> 24U] ^
          kTables[3][byte_at(bytes, at + 4)] ^ kTables[2][byte_at(bytes, at + 5)] ^
          kTables[1][byte_at(bytes, at + 6)] ^ kTables[0][byte_at(bytes, at + 7)];
  }
  for (; at < bytes.size(); ++at)
    sum = (sum >> 8U) ^ kTables[0][(sum ^ byte_at(bytes, at)) & 0xffU];
  return ~sum;
}

Checksum& Checksum::add(std::string_view text) {
  add(static_cast<std::int64_t>(text.size()));
  sum_ = crc32c(text, sum_);
  return *this;
}

Checksum& Checksum::add(std::int64_t number) {
  std::array<char, 8> bytes{};
  auto rest = static_cast<std::uint64_t>(number);
  for (auto& byte : bytes) {
    byte = static_cast<char>(rest & 0xffU);
    rest >>= 8U;
  }
  sum_ = crc32c({bytes.data(), bytes.size()}, sum_);
  return *this;
}

}  // namespace carapace::store

// WebSocket frames by hand, as a client makes them, right or wrong. Header only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace carapace::test {

struct RawFrame {
  int opcode = -1;  // -1: none came
  bool fin = false;
  bool masked = false;
  std::string payload;

  int close_code() const {  // 0 without one
    if (opcode != 8 || payload.size() < 2) return 0;
    return static_cast<unsigned char>(payload[0]) * 256 + static_cast<unsigned char>(payload[1]);
  }
  std::string close_reason() const { return payload.size() > 2 ? payload.substr(2) : ""; }
};

inline std::string make_frame(int opcode, std::string_view payload, bool fin = true,
                              bool masked = true) {
  std::string out;
  out += static_cast<char>((fin ? 0x80 : 0) | opcode);
  const std::uint64_t size = payload.size();
  const int length_bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
  const auto length = length_bytes == 0 ? static_cast<int>(size) : length_bytes == 2 ? 126 : 127;
  out += static_cast<char>((masked ? 0x80 : 0) | length);
  for (int i = length_bytes - 1; i >= 0; --i) out += static_cast<char>(size >> (8 * i));
  if (!masked) return out + std::string(payload);
  constexpr std::string_view kMask = "\x12\x34\x56\x78";
  out += kMask;
  for (std::size_t i = 0; i < payload.size(); ++i)
    out += static_cast<char>(payload[i] ^ kMask[i % 4]);
  return out;
}

inline std::string close_payload(std::uint16_t code, std::string_view reason = "") {
  return std::string{static_cast<char>(code >> 8U), static_cast<char>(code & 0xffU)} +
         std::string(reason);
}

}  // namespace carapace::test

#include "net/address/host_name.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/text.h"

namespace carapace::net {

namespace {

constexpr std::size_t kMaxHost = 253;
constexpr std::size_t kMaxLabel = 63;
constexpr std::string_view kForbidden = " #/:<>?@[\\]^|%\x7F";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Once, as browsers do: "%2531" becomes "%31" and is refused, never decoded again.
std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                        hex_digit(text[i + 2]) >= 0;
    if (!escape) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
    i += 2;
  }
  return out;
}

// `text` is valid UTF-8.
std::vector<std::uint32_t> code_points(std::string_view text) {
  std::vector<std::uint32_t> out;
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte < 0x80U) {
      out.push_back(byte);
    } else if (byte >= 0xC0U) {
      out.push_back(byte & (byte >= 0xF0U ? 0x07U : byte >= 0xE0U ? 0x0FU : 0x1FU));
    } else {
      out.back() = out.back() << 6U | (byte & 0x3FU);
    }
  }
  return out;
}

// The mappings that hide an ASCII host, and the lower case of the common alphabets. 0: dropped.
std::uint32_t fold(std::uint32_t c) {
  if (c >= 0xFF01 && c <= 0xFF5E) c -= 0xFEE0;                             // full-width ASCII
  if (c == 0x3002 || c == 0xFF0E || c == 0xFF61) return '.';               // ideographic full stops
  if (c == 0x00AD || c == 0x200B || c == 0x2060 || c == 0xFEFF) return 0;  // invisible
  if (c >= 'A' && c <= 'Z') return c + 0x20;
  const bool latin1 = c >= 0xC0 && c <= 0xDE && c != 0xD7;
  const bool greek = c >= 0x391 && c <= 0x3A9;
  const bool cyrillic = c >= 0x410 && c <= 0x42F;
  if (latin1 || greek || cyrillic) return c + 0x20;
  if (c >= 0x400 && c <= 0x40F) return c + 0x50;
  return c;
}

std::uint32_t adapt(std::uint32_t delta, std::uint32_t points, bool first) {
  delta = first ? delta / 700 : delta / 2;
  delta += delta / points;
  std::uint32_t k = 0;
  for (; delta > 455; k += 36) delta /= 35;
  return k + 36 * delta / (delta + 38);
}

void append_variable(std::string& out, std::uint32_t delta, std::uint32_t bias) {
  for (std::uint32_t k = 36;; k += 36) {
    const std::uint32_t threshold = k <= bias ? 1 : std::min(k - bias, 26U);
    const std::uint32_t digit =
        delta < threshold ? delta : threshold + (delta - threshold) % (36 - threshold);
    out += static_cast<char>(digit < 26 ? 'a' + digit : '0' + (digit - 26));
    if (delta < threshold) return;
    delta = (delta - threshold) / (36 - threshold);
  }
}

// RFC 3492, section 6.3. Labels are short (at most 253 bytes in), so nothing overflows.
std::string to_punycode(const std::vector<std::uint32_t>& label) {
  std::string out;
  for (const auto c : label)
    if (c < 0x80) out += static_cast<char>(c);
  const auto basic = static_cast<std::uint32_t>(out.size());
  if (basic > 0) out += '-';
  std::uint32_t n = 0x80;
  std::uint32_t delta = 0;
  std::uint32_t bias = 72;
  for (std::uint32_t handled = basic; handled < label.size(); ++delta, ++n) {
    std::uint32_t next = 0x10FFFF;
    for (const auto c : label)
      if (c >= n) next = std::min(next, c);
    delta += (next - n) * (handled + 1);
    n = next;
    for (const auto c : label) {
      if (c < n) ++delta;
      if (c != n) continue;
      append_variable(out, delta, bias);
      bias = adapt(delta, handled + 1, handled == basic);
      delta = 0;
      ++handled;
    }
  }
  return out;
}

Result<std::string> label_text(const std::vector<std::uint32_t>& label) {
  if (label.empty()) return fail(Errc::invalid_request, "the host has an empty label");
  std::string out;
  if (std::ranges::all_of(label, [](std::uint32_t c) { return c < 0x80; })) {
    for (const auto c : label) out += static_cast<char>(c);
  } else {
    out = "xn--" + to_punycode(label);
  }
  if (out.size() > kMaxLabel)
    return fail(Errc::invalid_request, "a label of the host is over 63 bytes");
  return out;
}

}  // namespace

Result<std::string> normalise_host(std::string_view raw) {
  const auto decoded = percent_decode(raw);
  if (decoded.size() > 4 * kMaxHost || !is_valid_utf8(decoded))
    return fail(Errc::invalid_request, "the host is too long or no UTF-8");
  std::vector<std::vector<std::uint32_t>> labels(1);
  for (const auto point : code_points(decoded)) {
    const auto c = fold(point);
    if (c == 0 && point != 0) continue;
    if (c < 0x20 || (c < 0x80 && kForbidden.contains(static_cast<char>(c))))
      return fail(Errc::invalid_request, "the host has a forbidden character");
    if (c == '.') {
      labels.emplace_back();
    } else {
      labels.back().push_back(c);
    }
  }
  if (labels.size() > 1 && labels.back().empty()) labels.pop_back();  // one trailing dot
  std::string host;
  for (const auto& label : labels) {
    TRY(const auto text, label_text(label));
    if (!host.empty()) host += '.';
    host += text;
  }
  if (host.size() > kMaxHost) return fail(Errc::invalid_request, "the host is over 253 bytes");
  return host;
}

}  // namespace carapace::net

#include "extensions/tools/page_text.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/text.h"

namespace carapace::tools {
namespace {

constexpr std::size_t kMetaWithin = 1024;  // bytes in which a page names its encoding
constexpr std::size_t kLongestName = 40;
constexpr std::string_view kReplacement = "\xef\xbf\xbd";

constexpr std::array<std::string_view, 7> kWestern{"iso-8859-1", "iso8859-1", "latin1",    "ascii",
                                                   "us-ascii",   "cp1252",    "iso_8859-1"};
// Encodings that pages are written in. UTF-7 and its kind are not among them.
constexpr std::array<std::string_view, 11> kFamilies{
    "windows-", "iso-8859-", "koi8-",  "shift_jis", "euc-",       "gb",
    "big5",     "utf-16",    "utf-32", "macintosh", "iso-2022-jp"};

// What stands behind `charset=`, in lower case and without quotes.
std::string charset_in(std::string_view text) {
  const auto lower = to_lower(text);
  const auto at = lower.find("charset");
  if (at == std::string::npos) return {};
  auto rest = trim(std::string_view(lower).substr(at + 7));
  if (!rest.starts_with('=')) return {};
  rest = trim(rest.substr(1));
  while (rest.starts_with('"') || rest.starts_with('\'')) rest.remove_prefix(1);
  const auto end = rest.find_first_of("\"'; \t\r\n/>");
  return std::string(rest.substr(0, std::min(end, kLongestName)));
}

std::string meta_charset(std::string_view body) {
  const auto head = body.substr(0, kMetaWithin);
  for (std::size_t at = 0; (at = head.find('<', at)) != std::string_view::npos; ++at) {
    const auto tag = head.substr(at, head.find('>', at) - at);
    if (!iequals(tag.substr(0, 5), "<meta")) continue;
    if (auto name = charset_in(tag); !name.empty()) {
      // A page that could be read so far is not in UTF-16, whatever it says.
      return name.starts_with("utf-16") ? "utf-8" : name;
    }
  }
  return {};
}

std::optional<std::string> converted(std::string_view body, const std::string& from) {
  const auto converter = ::iconv_open("UTF-8", from.c_str());
  if (converter == reinterpret_cast<iconv_t>(-1)) return std::nullopt;
  std::string source(body);
  char* in = source.data();
  auto left = source.size();
  std::string out;
  std::array<char, 16 << 10> chunk{};
  while (left > 0) {
    char* to = chunk.data();
    auto room = chunk.size();
    const auto result = ::iconv(converter, &in, &left, &to, &room);
    out.append(chunk.data(), chunk.size() - room);
    if (result != static_cast<std::size_t>(-1) || errno == E2BIG) continue;
    out += kReplacement;
    ++in;
    --left;
  }
  ::iconv_close(converter);
  return out;
}

bool is_page_encoding(std::string_view name) {
  return std::ranges::any_of(kFamilies,
                             [name](std::string_view family) { return name.starts_with(family); });
}

std::string from_named(std::string_view body, std::string_view name) {
  if (std::ranges::find(kWestern, name) != kWestern.end()) name = "windows-1252";
  if (name == "utf-16") name = "utf-16le";
  if (is_page_encoding(name))
    if (auto text = converted(body, std::string(name))) return *std::move(text);
  return sanitize_utf8(body);
}

// The code point at `at` and its length; the text is valid UTF-8.
std::pair<std::uint32_t, std::size_t> point_at(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  const std::size_t size = first < 0x80U ? 1 : first < 0xE0U ? 2 : first < 0xF0U ? 3 : 4;
  std::uint32_t point = size == 1 ? first : first & (0xFFU >> (size + 1));
  for (std::size_t i = 1; i < size && at + i < text.size(); ++i)
    point = point << 6U | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
  return {point, size};
}

bool is_invisible(std::uint32_t point) {
  return point == 0x200B || point == 0x200E || point == 0x200F || point == 0x061C ||
         point == 0xFEFF || (point >= 0x2060 && point <= 0x206F) ||
         (point >= 0xE0000 && point <= 0xE0FFF);
}

}  // namespace

std::string decode_page(std::string_view body, std::string_view content_type) {
  if (body.starts_with("\xef\xbb\xbf")) return sanitize_utf8(body.substr(3));
  if (body.starts_with("\xff\xfe")) return from_named(body.substr(2), "utf-16le");
  if (body.starts_with("\xfe\xff")) return from_named(body.substr(2), "utf-16be");
  auto name = charset_in(content_type);
  if (name.empty()) name = meta_charset(body);
  if (name.empty()) name = is_valid_utf8(body) || body.contains('\0') ? "utf-8" : "windows-1252";
  return from_named(body, name);
}

std::string visible_characters(std::string_view text) {
  const auto printable = strip_controls(text, true);
  std::string out;
  out.reserve(printable.size());
  for (std::size_t at = 0; at < printable.size();) {
    const auto [point, size] = point_at(printable, at);
    if (!is_invisible(point)) out.append(printable, at, size);
    at += size;
  }
  return out;
}

}  // namespace carapace::tools

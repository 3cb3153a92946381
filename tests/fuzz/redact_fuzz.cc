// Redaction is idempotent for any bytes, keeps UTF-8 well formed, and hides a key that is planted
// in them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.h"
#include "log/redact.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto once = carapace::log::redact(text);
  if (carapace::is_valid_utf8(text) && !carapace::is_valid_utf8(once)) std::abort();
  if (size < 4096 && carapace::log::redact(once) != once) std::abort();

  constexpr std::string_view kKey = "sk-plantedPLANTED0123456789";
  const auto half = size / 2;
  const auto planted = std::string(text.substr(0, half)) + " " + std::string(kKey) + "\n" +
                       std::string(text.substr(half));
  if (text.find(kKey) == std::string_view::npos &&
      carapace::log::redact(planted).find(kKey) != std::string::npos)
    std::abort();
  return 0;
}

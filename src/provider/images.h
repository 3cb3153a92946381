// Pictures that a provider would refuse, taken out of a history before it does: one picture of the
// wrong kind, too large, or one too many, and every later turn of the conversation would fail.
// Pure; any thread. (Provider specification A.1, case A16.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "domain/message.h"

namespace carapace::provider {

// Bytes are those of base64. The defaults are what the strictest of the large vendors takes.
struct ImageRules {
  std::size_t max_bytes = 5 << 20;
  std::int64_t max_pixels = 8'000;  // of the longer side
  std::size_t max_count = 20;       // of one request: the newest are kept
  std::size_t max_all_bytes = 24 << 20;
};

// Puts a line of text in the place of each picture that may not be sent, and corrects the types of
// the others. `seen`: can the model see pictures at all?
void judge_images(std::vector<Message>& messages, const ImageRules& rules, bool seen);

// The kind of picture that base64 text holds, by its first bytes; empty for anything else than PNG,
// JPEG, GIF and WebP.
std::string_view sniff_image(std::string_view base64);

// The longer side in pixels, from the head of the picture; nullopt when it does not say.
std::optional<std::int64_t> longer_side(std::string_view base64);

}  // namespace carapace::provider

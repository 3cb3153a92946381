// Files that come with a message (protocol §2.3): base64 in, images out. Entries without content do
// not count, what is no image is left out silently, and what is broken is an error with the
// ancestor's words. Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.h"
#include "domain/message.h"

namespace carapace::gateway {

inline constexpr std::size_t kMaxAttachmentBytes = 5'000'000;

// How many entries have content at all.
std::size_t usable_attachments(const json::array& list);
// The error is the whole sentence: "attachment x.png: invalid base64 content".
std::expected<std::vector<ImageBlock>, std::string> read_attachments(const json::array& list);

// image/png, image/jpeg, image/gif or image/webp by the first bytes; empty for anything else.
std::string_view sniff_image(std::string_view bytes);

}  // namespace carapace::gateway

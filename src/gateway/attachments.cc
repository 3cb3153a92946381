#include "gateway/attachments.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/json.h"
#include "base/text.h"

namespace carapace::gateway {
namespace {

const json::value* content_of(const json::value& entry) {
  const auto* object = entry.if_object();
  const auto* content = object ? object->if_contains("content") : nullptr;
  if (!content || content->is_null()) return nullptr;
  if (const auto* text = content->if_string(); text && trim(*text).empty()) return nullptr;
  return content;
}

std::string label_of(const json::object& entry, std::size_t index) {
  for (const auto name : {"fileName", "type"})
    if (const auto text = find_string(entry, name); text && !text->empty())
      return strip_controls(ellipsize(*text, 80), false);
  return fmt::format("attachment-{}", index + 1);
}

std::string_view without_data_url(std::string_view text) {
  if (!text.starts_with("data:")) return text;
  const auto comma = text.find(";base64,");
  return comma == std::string_view::npos ? text : text.substr(comma + 8);
}

}  // namespace

std::string_view sniff_image(std::string_view bytes) {
  if (bytes.starts_with("\x89PNG\r\n\x1a\n")) return "image/png";
  if (bytes.starts_with("\xff\xd8\xff")) return "image/jpeg";
  if (bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a")) return "image/gif";
  if (bytes.size() >= 12 && bytes.starts_with("RIFF") && bytes.substr(8, 4) == "WEBP")
    return "image/webp";
  return {};
}

std::size_t usable_attachments(const json::array& list) {
  std::size_t count = 0;
  for (const auto& entry : list) count += content_of(entry) != nullptr ? 1 : 0;
  return count;
}

std::expected<std::vector<ImageBlock>, std::string> read_attachments(const json::array& list) {
  std::vector<ImageBlock> images;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto* content = content_of(list[i]);
    if (!content) continue;
    const auto label = label_of(list[i].get_object(), i);
    if (!content->is_string())
      return std::unexpected(fmt::format("attachment {}: content must be base64 string", label));
    const auto base64 = trim(without_data_url(trim(content->get_string())));
    const auto bytes = from_base64(base64);
    if (!bytes) return std::unexpected(fmt::format("attachment {}: invalid base64 content", label));
    if (bytes->empty() || bytes->size() > kMaxAttachmentBytes)
      return std::unexpected(fmt::format("attachment {}: exceeds size limit ({} > {} bytes)", label,
                                         bytes->size(), kMaxAttachmentBytes));
    if (const auto mime = sniff_image(*bytes); !mime.empty())
      images.push_back({std::string(mime), std::string(base64)});
  }
  return images;
}

}  // namespace carapace::gateway

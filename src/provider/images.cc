#include "provider/images.h"

#include <algorithm>
#include <ranges>
#include <string>
#include <variant>

#include "base/bytes.h"

namespace carapace::provider {
namespace {

constexpr std::string_view kBlindNote = "[image left out: this model does not see images]";
constexpr std::string_view kBadNote = "[image left out: not a PNG, JPEG, GIF or WebP picture]";
constexpr std::string_view kBigNote = "[image left out: too large for this model]";
constexpr std::string_view kOldNote = "[image left out: newer ones took its place]";

// Where a JPEG says its size there may be a preview and colour tables before it.
constexpr std::size_t kHead = 512UL << 10U;

std::string head_of(std::string_view base64, std::size_t bytes) {
  const auto length = std::min(base64.size() / 4 * 4, (bytes + 2) / 3 * 4);
  return from_base64(base64.substr(0, length)).value_or("");
}

std::int64_t big(std::string_view data, std::size_t at, int bytes) {
  std::int64_t value = 0;
  for (int i = 0; i < bytes; ++i)
    value = value * 256 + static_cast<unsigned char>(data[at + static_cast<std::size_t>(i)]);
  return value;
}

std::int64_t little(std::string_view data, std::size_t at, int bytes) {
  std::int64_t value = 0;
  for (int i = bytes - 1; i >= 0; --i)
    value = value * 256 + static_cast<unsigned char>(data[at + static_cast<std::size_t>(i)]);
  return value;
}

// Segments follow each other, each with its length; the one that starts a frame holds the size.
std::optional<std::int64_t> jpeg_side(std::string_view data) {
  std::size_t at = 2;
  while (at + 9 <= data.size()) {
    if (data[at] != '\xff') return std::nullopt;
    const auto marker = static_cast<unsigned char>(data[at + 1]);
    if (marker == 0xff) {
      ++at;  // padding
      continue;
    }
    const bool frame =
        marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (frame) return std::max(big(data, at + 5, 2), big(data, at + 7, 2));
    at += 2 + static_cast<std::size_t>(big(data, at + 2, 2));
  }
  return std::nullopt;
}

std::optional<std::int64_t> webp_side(std::string_view data) {
  if (data.size() < 30) return std::nullopt;
  const auto kind = data.substr(12, 4);
  if (kind == "VP8X") return 1 + std::max(little(data, 24, 3), little(data, 27, 3));
  if (kind == "VP8 ") return std::max(little(data, 26, 2) & 0x3fff, little(data, 28, 2) & 0x3fff);
  if (kind == "VP8L") {
    const auto bits = little(data, 21, 4);
    return 1 + std::max(bits & 0x3fff, (bits >> 14) & 0x3fff);
  }
  return std::nullopt;
}

// Newest first: what is left of the limits of one request.
class Gate {
 public:
  Gate(const ImageRules& rules, bool seen) : rules_(rules), seen_(seen) {}

  // Empty when the picture may be sent, else the line that stands for it.
  std::string_view judge(ImageBlock& image) {
    if (!seen_) return kBlindNote;
    const auto mime = sniff_image(image.base64);
    if (mime.empty()) return kBadNote;
    if (image.base64.size() > rules_.max_bytes) return kBigNote;
    if (longer_side(image.base64).value_or(0) > rules_.max_pixels) return kBigNote;
    if (count_ == rules_.max_count || bytes_ + image.base64.size() > rules_.max_all_bytes) {
      count_ = rules_.max_count;  // an older one does not slip through where a newer one did not
      return kOldNote;
    }
    ++count_;
    bytes_ += image.base64.size();
    image.mime = mime;
    return {};
  }

 private:
  const ImageRules& rules_;
  bool seen_;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

void judge_result(ToolResult& result, Gate& gate) {
  std::vector<ImageBlock> kept;
  for (auto& image : result.images | std::views::reverse) {
    const auto note = gate.judge(image);
    if (note.empty()) {
      kept.push_back(std::move(image));
    } else {
      result.text.append(result.text.empty() ? "" : "\n").append(note);
    }
  }
  std::ranges::reverse(kept);
  result.images = std::move(kept);
}

}  // namespace

void judge_images(std::vector<Message>& messages, const ImageRules& rules, bool seen) {
  Gate gate(rules, seen);
  for (auto& message : messages | std::views::reverse) {
    for (auto& block : message.blocks | std::views::reverse) {
      if (auto* result = std::get_if<ToolResult>(&block)) judge_result(*result, gate);
      if (auto* image = std::get_if<ImageBlock>(&block))
        if (const auto note = gate.judge(*image); !note.empty())
          block = TextBlock{std::string(note)};
    }
  }
}

std::string_view sniff_image(std::string_view base64) {
  const auto head = from_base64(base64.substr(0, std::min<std::size_t>(base64.size() / 4 * 4, 16)));
  if (!head || base64.size() % 4 != 0) return {};
  if (head->starts_with("\x89PNG\r\n\x1a\n")) return "image/png";
  if (head->starts_with("\xff\xd8\xff")) return "image/jpeg";
  if (head->starts_with("GIF87a") || head->starts_with("GIF89a")) return "image/gif";
  if (head->starts_with("RIFF") && head->substr(8).starts_with("WEBP")) return "image/webp";
  return {};
}

std::optional<std::int64_t> longer_side(std::string_view base64) {
  const auto mime = sniff_image(base64);
  if (mime == "image/jpeg") return jpeg_side(head_of(base64, kHead));
  const auto head = head_of(base64, 30);
  if (mime == "image/png" && head.size() >= 24) return std::max(big(head, 16, 4), big(head, 20, 4));
  if (mime == "image/gif" && head.size() >= 10)
    return std::max(little(head, 6, 2), little(head, 8, 2));
  if (mime == "image/webp") return webp_side(head);
  return std::nullopt;
}

}  // namespace carapace::provider

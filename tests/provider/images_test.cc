#include "provider/images.h"

#include <gtest/gtest.h>

#include <string>

#include "base/bytes.h"

namespace carapace::provider {
namespace {

std::string be(std::int64_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}
std::string le(std::int64_t value, int bytes) {
  const auto out = be(value, bytes);
  return {out.rbegin(), out.rend()};
}
std::string png(std::int64_t width, std::int64_t height, std::size_t more = 0) {
  return to_base64("\x89PNG\r\n\x1a\n" + be(13, 4) + "IHDR" + be(width, 4) + be(height, 4) +
                   std::string(8 + more, 'x'));
}
std::string jpeg(std::int64_t width, std::int64_t height, std::size_t preview) {
  return to_base64("\xff\xd8\xff\xe1" + be(static_cast<std::int64_t>(preview) + 2, 2) +
                   std::string(preview, 'p') + "\xff\xff\xc4" + be(3, 2) + "t" + "\xff\xc2" +
                   be(11, 2) + "\x08" + be(height, 2) + be(width, 2) + std::string(8, 'x'));
}
std::string webp(const std::string& chunk) {
  return to_base64("RIFF" + le(100, 4) + "WEBP" + chunk + std::string(20, 'x'));
}

TEST(Images, AreKnownByTheirFirstBytes) {
  EXPECT_EQ(sniff_image("iVBORw0KGgoAAAANSUhEUg=="), "image/png");
  EXPECT_EQ(sniff_image("/9j/4AAQSkZJRg=="), "image/jpeg");
  EXPECT_EQ(sniff_image("R0lGODlhAQABAAAA"), "image/gif");
  EXPECT_EQ(sniff_image("UklGRiQAAABXRUJQVlA4IA=="), "image/webp");
  EXPECT_EQ(sniff_image("UklGRiQAAABXQVZF"), "");
  EXPECT_EQ(sniff_image("iVBORw0KGg"), "") << "cut base64";
  EXPECT_EQ(sniff_image(""), "");
}

TEST(Images, SayHowLargeTheyAre) {
  EXPECT_EQ(longer_side(png(9'000, 20)), 9'000);
  EXPECT_EQ(longer_side(png(20, 70'000)), 70'000);
  EXPECT_EQ(longer_side(jpeg(640, 8'001, 40'000)), 8'001) << "behind a preview";
  EXPECT_EQ(longer_side(to_base64("GIF89a" + le(300, 2) + le(200, 2) + "xx")), 300);
  EXPECT_EQ(longer_side(webp("VP8X" + le(10, 4) + le(0, 4) + le(8'999, 3) + le(5, 3))), 9'000);
  EXPECT_EQ(longer_side(webp("VP8 " + le(10, 4) + std::string(6, 'f') + le(640, 2) + le(9, 2))),
            640);
  EXPECT_EQ(longer_side(webp("VP8L" + le(10, 4) + "\x2f" + le(99 | 199 << 14, 4))), 200);
  EXPECT_EQ(longer_side("iVBORw0KGgoAAAANSUhEUg=="), std::nullopt) << "cut short";
  EXPECT_EQ(longer_side(to_base64("\xff\xd8\xff\xe1\xff\xff short")), std::nullopt);
  EXPECT_EQ(longer_side("AAAA"), std::nullopt);
}

Message with(std::vector<std::string> images) {
  Message message;
  for (auto& image : images) message.blocks.emplace_back(ImageBlock{"image/png", image});
  return message;
}
std::string shape(const std::vector<Message>& messages) {
  std::string out;
  for (const auto& message : messages)
    for (const auto& block : message.blocks)
      out += std::holds_alternative<ImageBlock>(block) ? "i" : ".";
  return out;
}

TEST(Images, OnePictureThatIsTooWideDoesNotSpoilTheConversation) {
  std::vector<Message> history{with({png(8'001, 4), png(8'000, 4)})};
  judge_images(history, {}, true);
  EXPECT_EQ(shape(history), ".i");
  EXPECT_NE(text_of(history[0]).find("too large"), std::string::npos);
}

TEST(Images, TheNewestStay) {
  std::vector<Message> history{with({png(1, 1), png(2, 2)}), with({png(3, 3)}), with({png(4, 4)})};
  judge_images(history, {.max_count = 2}, true);
  EXPECT_EQ(shape(history), "..ii");
  history = {with({png(1, 1)}), with({png(2, 2, 3'000)}), with({png(3, 3)})};
  judge_images(history, {.max_all_bytes = 2'000}, true);
  EXPECT_EQ(shape(history), "..i") << "an older one does not overtake";
}

TEST(Images, OfAResultStayInOrder) {
  Message message;
  message.role = Role::tool;
  const std::vector<ImageBlock> shots{{"", png(1, 1)}, {"", png(2, 2)}, {"", png(3, 3)}};
  message.blocks.emplace_back(ToolResult{ToolCallId("c"), "look", "three", shots, false});
  std::vector<Message> history{message};
  judge_images(history, {.max_count = 2}, true);
  const auto& result = std::get<ToolResult>(history[0].blocks[0]);
  ASSERT_EQ(result.images.size(), 2U);
  EXPECT_EQ(result.images[0].base64, png(2, 2));
  EXPECT_EQ(result.images[0].mime, "image/png");
  EXPECT_NE(result.text.find("newer ones"), std::string::npos);
}

}  // namespace
}  // namespace carapace::provider

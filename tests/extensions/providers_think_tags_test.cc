#include "extensions/providers/think_tags.h"

#include <gtest/gtest.h>

namespace carapace::providers {
namespace {

struct Split {
  std::string thinking;
  std::string text;
  bool operator==(const Split&) const = default;
};

Split split(std::string_view whole, std::size_t piece, bool enabled = true,
            bool lone_close = false) {
  ThinkTags tags(enabled, lone_close);
  Split out;
  const auto take = [&out](const std::vector<ThinkTags::Piece>& pieces) {
    for (const auto& part : pieces) {
      if (part.kind == ThinkTags::Kind::relabel) {
        out.thinking += out.text;
        out.text.clear();
      }
      (part.kind == ThinkTags::Kind::thinking ? out.thinking : out.text) += part.text;
    }
  };
  for (std::size_t i = 0; i < whole.size(); i += piece) take(tags.feed(whole.substr(i, piece)));
  take(tags.finish());
  return out;
}

TEST(ThinkTags, AnyCut) {
  for (const std::size_t piece : {1U, 2U, 3U, 7U, 1000U}) {
    EXPECT_EQ(split("<think>why</think>\n\nbecause", piece), (Split{"why", "because"}));
    EXPECT_EQ(split("\n<thinking>a</think>b</thinking>c", piece), (Split{"a</think>b", "c"}));
    EXPECT_EQ(split("<think>never closed", piece), (Split{"never closed", ""}));
    EXPECT_EQ(split("<thin air", piece), (Split{"", "<thin air"}));
    EXPECT_EQ(split("plain <think>x</think>", piece), (Split{"", "plain <think>x</think>"}));
    EXPECT_EQ(split("  padded", piece), (Split{"", "  padded"}));
    EXPECT_EQ(split("<think>x</think>y", piece, false), (Split{"", "<think>x</think>y"}));
    EXPECT_EQ(split("why\n</think>\nbecause </think>", piece, true, true),
              (Split{"why\n", "because </think>"}));
    EXPECT_EQ(split("a < b </thin", piece, true, true), (Split{"", "a < b </thin"}));
    EXPECT_EQ(split("   ", piece), (Split{"", "   "}));
  }
}

}  // namespace
}  // namespace carapace::providers

#include "channel/registry.h"

#include <gtest/gtest.h>

#include <array>

namespace carapace::channel {
namespace {

constexpr Spec kOne{.id = "one", .label = "One"};
constexpr Spec kTwo{.id = "two", .label = "Two"};
constexpr std::array<const Spec*, 2> kRows{&kOne, &kTwo};

TEST(ChannelRegistry, FindsByExactId) {
  EXPECT_EQ(find(kRows, "two"), &kTwo);
  for (const std::string_view id : {"", "Two", "three", "tw"})
    EXPECT_EQ(find(kRows, id), nullptr) << id;
  EXPECT_EQ(find({}, "one"), nullptr);
}

}  // namespace
}  // namespace carapace::channel

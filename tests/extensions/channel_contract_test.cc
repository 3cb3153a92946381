// What every channel keeps, asked of every row.
#include <gtest/gtest.h>

#include <set>

#include "async/coro.h"
#include "channel/registry.h"
#include "extensions/channels/builtin.h"

namespace carapace::channels {
namespace {

TEST(ChannelRows, AreComplete) {
  std::set<std::string_view> ids;
  ASSERT_FALSE(builtin_channels().empty());
  for (const auto* spec : builtin_channels()) {
    ASSERT_FALSE(spec->id.empty());
    // Ids are parts of session keys: lower case, no separator.
    EXPECT_EQ(spec->id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"),
              std::string_view::npos)
        << spec->id;
    EXPECT_LE(spec->id.size(), 32U) << spec->id;
    EXPECT_TRUE(ids.insert(spec->id).second) << spec->id << " twice";
    EXPECT_FALSE(spec->label.empty()) << spec->id;
    ASSERT_NE(spec->open, nullptr) << spec->id;
    EXPECT_EQ(channel::find(builtin_channels(), spec->id), spec);
  }
}

TEST(ChannelRows, PartsFitTheirRow) {
  for (const auto* spec : builtin_channels()) {
    const auto parts = spec->open();
    if (spec->gateway_clients) {
      // Its people send by RPC and read events.
      EXPECT_FALSE(parts.ingress) << spec->id;
      EXPECT_FALSE(parts.delivery) << spec->id;
    } else {
      EXPECT_TRUE(parts.ingress || parts.delivery) << spec->id << " can do nothing";
      if (parts.live_edit) EXPECT_TRUE(parts.delivery) << spec->id << " edits what it cannot send";
    }
  }
}

TEST(ChannelRows, TheGatewaysOwnClientsAreOne) {
  EXPECT_NE(channel::find(builtin_channels(), "webchat"), nullptr);
}

}  // namespace
}  // namespace carapace::channels

#include "extensions/older_names.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "config/read/moves.h"

namespace carapace::extensions {
namespace {

std::string moved(std::string_view before) {
  auto tree = parse_json(before).value();
  config::apply_moves(tree, older_names());
  return dump_json(tree);
}

TEST(OlderNames, ChannelsLeaveTheTop) {
  EXPECT_EQ(moved(R"({"telegram":{"botToken":"t"},"signal":{"account":"a"}})"),
            R"({"channels":{"telegram":{"botToken":"t"},"signal":{"account":"a"}}})");
  EXPECT_EQ(
      moved(R"({"telegram":{"botToken":"old","x":1},"channels":{"telegram":{"botToken":"new"}}})"),
      R"({"channels":{"telegram":{"botToken":"new","x":1}}})")
      << "today's place counts";
  EXPECT_EQ(moved(R"({"telegram":"text"})"), R"({"telegram":"text"})");
}

TEST(OlderNames, WhatWasSaidOfChannelsElsewhere) {
  EXPECT_EQ(moved(R"({"telegram":{"requireMention":false}})"),
            R"({"channels":{"telegram":{"groups":{"*":{"requireMention":false}}}}})");
  EXPECT_EQ(
      moved(
          R"({"whatsapp":{},"routing":{"allowFrom":["+1"],"groupChat":{"requireMention":true}}})"),
      R"({"channels":{"whatsapp":{"allowFrom":["+1"],"groups":{"*":{"requireMention":true}}}}})");
  EXPECT_EQ(moved(R"({"discord":{"groups":{"*":{"requireMention":false}}},)"
                  R"("routing":{"groupChat":{"requireMention":true}}})"),
            R"({"channels":{"discord":{"groups":{"*":{"requireMention":false}}}}})");
  EXPECT_EQ(moved(R"({"routing":{"groupChat":{"requireMention":true}}})"),
            R"({"routing":{"groupChat":{"requireMention":true}}})")
      << "no channel, nowhere to go";
}

TEST(OlderNames, EndpointsOfAnotherSpelling) {
  EXPECT_EQ(
      moved(R"({"gateway":{"openai":{"chatCompletions":true,"responses":{"enabled":false}}}})"),
      R"({"gateway":{"http":{"endpoints":{"chatCompletions":{"enabled":true},)"
      R"("responses":{"enabled":false}}}}})");
}

TEST(OlderNames, TheModeOfALogin) {
  EXPECT_EQ(moved(R"({"auth":{"profiles":{"anthropic:claude-cli":{"mode":"token"}}}})"),
            R"({"auth":{"profiles":{"anthropic:claude-cli":{"mode":"oauth"}}}})");
  auto tree =
      parse_json(R"({"auth":{"profiles":{"anthropic:claude-cli":{"mode":"oauth"}}}})").value();
  EXPECT_TRUE(config::apply_moves(tree, older_names()).empty());
}

}  // namespace
}  // namespace carapace::extensions

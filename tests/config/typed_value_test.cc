#include "config/typed_value.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "config/key_path.h"
#include "config/schema.h"
#include "support/sample_rows.h"

namespace carapace::config {
namespace {

TEST(TypedValue, FollowsTheRow) {
  const Schema schema{test::sample_rows()};
  const auto typed = [&schema](const char* path, const char* text) {
    return dump_json(typed_value(text, schema.row(parse_key_path(path).value())));
  };
  EXPECT_EQ(typed("gateway.port", "8080"), "8080");
  EXPECT_EQ(typed("gateway.port", "many"), "\"many\"");
  EXPECT_EQ(typed("gateway.auth.token", "12345"), "\"12345\"") << "a text row keeps digits as text";
  EXPECT_EQ(typed("gateway.auth.token", "'quoted'"), "\"quoted\"");
  EXPECT_EQ(typed("gateway.auth.token", "true"), "\"true\"");
  EXPECT_EQ(typed("gateway.controlUi.enabled", "false"), "false");
  EXPECT_EQ(typed("gateway.controlUi.allowedOrigins", "['a']"), R"(["a"])");
  EXPECT_EQ(typed("gateway.controlUi.allowedOrigins", "http://a, http://b"),
            R"(["http://a","http://b"])");
  EXPECT_EQ(typed("nobody.knows", "{a: 1}"), R"({"a":1})");
  EXPECT_EQ(typed("nobody.knows", "plain words"), R"("plain words")");
}

}  // namespace
}  // namespace carapace::config

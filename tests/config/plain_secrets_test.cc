#include "config/read/plain_secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "config/json5.h"

namespace carapace::config {
namespace {

using ::testing::ElementsAre;

TEST(PlainSecret, IsNoReferenceAndNoName) {
  for (const auto* text : {"sk-123", "lower_case", "x", "with blank", "File:/x", "$${NAME}-x"})
    EXPECT_TRUE(is_plain_secret(text)) << text;
  for (const auto* text : {"", "OPENAI_API_KEY", "${NAME}", "sk-${NAME}", "enc:v2:a:b:c",
                           "enc:v9:x", "file:/x", "exec:op", "keychain:a:b:c"})
    EXPECT_FALSE(is_plain_secret(text)) << text;
}

TEST(PlainSecrets, AreFoundInObjectsAndListsWhereTheRowsSaySo) {
  constexpr FieldRow kRows[] = {
      FieldRow{.path = "a.*.apiKey", .type = FieldType::text, .secret = true},
      FieldRow{.path = "a.*.url", .type = FieldType::text},
      FieldRow{.path = "list.*.token", .type = FieldType::text, .secret = true},
  };
  const Schema schema(kRows);
  const auto tree = parse_json5(
      "{a: {x: {apiKey: 'k', url: 'u'}, y: {apiKey: '${Y}'}, z: {apiKey: 7}}, list: [{token: 't'}, "
      "{token: ''}]}");
  ASSERT_TRUE(tree);
  EXPECT_THAT(plain_secrets(*tree, schema),
              ElementsAre(KeyPath{"a", "x", "apiKey"}, KeyPath{"list", "0", "token"}));
}

}  // namespace
}  // namespace carapace::config

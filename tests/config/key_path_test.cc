#include "config/key_path.h"

#include <gtest/gtest.h>

namespace carapace::config {
namespace {

TEST(KeyPath, ReadsAndWrites) {
  EXPECT_EQ(parse_key_path("gateway.port").value(), (KeyPath{"gateway", "port"}));
  EXPECT_EQ(parse_key_path("agents.list[0].id").value(), (KeyPath{"agents", "list", "0", "id"}));
  EXPECT_EQ(parse_key_path(R"(a["b.c"]['d'][2])").value(), (KeyPath{"a", "b.c", "d", "2"}));
  EXPECT_EQ(parse_key_path("a-b/c:d").value(), (KeyPath{"a-b/c:d"}));
  EXPECT_EQ(to_text({"a", "b.c", "2", "d"}), R"(a["b.c"][2].d)");
  EXPECT_EQ(child_path("", "a"), "a");
  EXPECT_EQ(child_path("a", "x[y]"), R"(a["x[y]"])");
  EXPECT_EQ(child_path("a", std::size_t{3}), "a[3]");
  for (const char* text : {"a", "a.b.c", "a[0]", R"(a["b.c"].d)", "x[1][2].y"})
    EXPECT_EQ(to_text(parse_key_path(text).value()), text);
}

TEST(KeyPath, RefusesWhatMeansNothing) {
  for (const char* bad : {"", ".", "a.", ".a", "a..b", "a[", "a[]", "a[x]", "a[0", R"(a["b)",
                          R"(a["b")", "a[0]b", "a[0].", "a[-1]", "a[99999999999]"})
    EXPECT_FALSE(parse_key_path(bad)) << bad;
  std::string deep = "a";
  for (int i = 0; i < 31; ++i) deep += ".a";
  EXPECT_TRUE(parse_key_path(deep));
  EXPECT_FALSE(parse_key_path(deep + ".a"));
}

TEST(KeyPath, ABackslashKeepsADotAndNamesComeBackAsTheyWere) {
  EXPECT_EQ(parse_key_path("a.my\\.vendor.b").value(), (KeyPath{"a", "my.vendor", "b"}));
  EXPECT_EQ(parse_key_path("a.x\\[0\\]").value(), (KeyPath{"a", "x[0]"}));
  EXPECT_EQ(parse_key_path("a.b\\c").value(), (KeyPath{"a", "b\\c"}));
  for (const auto* name : {"my.vendor", "a\\b", "a\\.b", "say \"so\"", "it's", "[x]"})
    EXPECT_EQ(parse_key_path(to_text({"a", name, "b"})).value(), (KeyPath{"a", name, "b"})) << name;
}

}  // namespace
}  // namespace carapace::config

#include "config/text/substitute.h"

#include <gtest/gtest.h>

#include <map>

#include "base/json.h"

namespace carapace::config {
namespace {

std::optional<std::string> lookup(std::string_view name) {
  static const std::map<std::string, std::string, std::less<>> values{{"FOO", "foo"},
                                                                      {"A", "1"},
                                                                      {"B", "2"},
                                                                      {"_X", "x"},
                                                                      {"X_123", "y"},
                                                                      {"EMPTY", ""},
                                                                      {"NESTED", "${FOO} $${FOO}"}};
  const auto found = values.find(name);
  return found == values.end() ? std::nullopt : std::optional(found->second);
}

std::string filled(std::string_view text) {
  json::value tree = json::string(text);
  const auto status = substitute(tree, lookup);
  return status ? std::string(tree.as_string()) : "error: " + status.error().detail;
}

// Infrastructure specification H.3.
TEST(Substitute, Table) {
  EXPECT_EQ(filled("${FOO}"), "foo");
  EXPECT_EQ(filled("${A}-${B}"), "1-2");
  EXPECT_EQ(filled("pre${A}post"), "pre1post");
  EXPECT_EQ(filled("${A}${A}"), "11");
  EXPECT_EQ(filled("$${FOO}"), "${FOO}");
  EXPECT_EQ(filled("$${A} ${A}"), "${A} 1");
  EXPECT_EQ(filled("${A} $${A}"), "1 ${A}");
  EXPECT_EQ(filled("${_X}${X_123}"), "xy");
  EXPECT_EQ(filled("${NESTED}"), "${FOO} $${FOO}") << "what comes out is not looked at again";
  for (const char* same : {"$FOO", "${foo}", "${FooBar}", "${123X}", "${}", "${UNCLOSED", "$", "$$",
                           "${", "", "a $ b", "${FOO BAR}"})
    EXPECT_EQ(filled(same), same);
}

TEST(Substitute, MissingOrEmptyNamesKeyAndVariable) {
  const auto tree_of = [](const char* text) { return parse_json(text).value(); };
  auto tree = tree_of(R"({"a":{"b":["${FOO}","${NONE}"]}})");
  const auto missing = substitute(tree, lookup);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::invalid_request);
  EXPECT_TRUE(missing.error().detail.starts_with("a.b[1] wants the environment variable NONE"))
      << missing.error().detail;
  EXPECT_NE(missing.error().detail.find("$${NONE}"), std::string::npos) << missing.error().detail;
  tree = tree_of(R"({"models":{"list":[0,1,{"apiKey":"x${EMPTY}"}]}})");
  EXPECT_TRUE(substitute(tree, lookup).error().detail.starts_with("models.list[2].apiKey wants"));
}

TEST(Substitute, OnlyTextsAndNoKeys) {
  auto tree = parse_json(R"({"${FOO}":1,"b":true,"c":null,"d":[1.5,{"e":"${FOO}"}]})").value();
  ASSERT_TRUE(substitute(tree, lookup));
  EXPECT_EQ(dump_json(tree), R"({"${FOO}":1,"b":true,"c":null,"d":[1.5E0,{"e":"foo"}]})");
}

TEST(Substitute, ManyDollarsAreQuick) {
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += "${A";
  EXPECT_EQ(filled(text), text);
}

TEST(HasReference, Judges) {
  EXPECT_TRUE(has_reference("a${FOO}"));
  EXPECT_TRUE(has_reference("$${A}${B}"));
  EXPECT_FALSE(has_reference("$${FOO}"));
  EXPECT_FALSE(has_reference("${foo} $X ${"));
}

}  // namespace
}  // namespace carapace::config

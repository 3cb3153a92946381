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
  for (const auto& one : substitute(tree, lookup))
    if (!one.name.empty()) return "missing: " + one.name;
  return std::string(tree.as_string());
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
  auto tree = parse_json(R"({"a":{"b":["${FOO}","${NONE} ${FOO}"]},
                             "models":{"list":[0,1,{"apiKey":"x${EMPTY}"}]}})")
                  .value();
  const auto missing = substitute(tree, lookup);
  ASSERT_EQ(missing.size(), 2U);
  EXPECT_EQ(missing[0].name, "NONE");
  EXPECT_EQ(to_text(missing[0].path), "a.b[1]");
  EXPECT_EQ(missing[1].name, "EMPTY");
  EXPECT_EQ(to_text(missing[1].path), "models.list[2].apiKey");
  EXPECT_EQ(tree.at("a").at("b").at(0), "foo");
  EXPECT_EQ(tree.at("a").at("b").at(1), "${NONE} ${FOO}") << "stays as it is";
}

TEST(Substitute, UnclosedOnesAreTold) {
  for (const char* open : {"${UNCLOSED", "${", "${FOO}${A", "a${b c"}) {
    json::value tree = json::string(open);
    const auto told = substitute(tree, lookup);
    ASSERT_EQ(told.size(), 1U) << open;
    EXPECT_EQ(told[0].name, "");
  }
  json::value closed = json::string("${lower} $X {");
  EXPECT_TRUE(substitute(closed, lookup).empty());
}

TEST(Substitute, OnlyTextsAndNoKeys) {
  auto tree = parse_json(R"({"${FOO}":1,"b":true,"c":null,"d":[1.5,{"e":"${FOO}"}]})").value();
  EXPECT_TRUE(substitute(tree, lookup).empty());
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

#include "app/verbs/config/editor_words.h"

#include <gtest/gtest.h>

namespace carapace::app {
namespace {

using Words = std::vector<std::string>;

TEST(EditorWordsTest, BlanksPartWordsAndQuotesKeepThemTogether) {
  EXPECT_EQ(editor_words("vi").value(), Words{"vi"});
  EXPECT_EQ(editor_words("  code \t--wait\n").value(), (Words{"code", "--wait"}));
  EXPECT_EQ(editor_words("\"/opt/my editor/e\" -n").value(), (Words{"/opt/my editor/e", "-n"}));
  EXPECT_EQ(editor_words("a\\ b 'c d'e").value(), (Words{"a b", "c de"}));
  EXPECT_EQ(editor_words("e '' \"\"").value(), (Words{"e", "", ""}));
}

TEST(EditorWordsTest, NothingIsExpanded) {
  EXPECT_EQ(editor_words("e $HOME;rm `x` *").value(), (Words{"e", "$HOME;rm", "`x`", "*"}));
  EXPECT_EQ(editor_words("'a\\b' \"a\\\"b\"").value(), (Words{"a\\b", "a\"b"}));
}

TEST(EditorWordsTest, WhatIsBlankIsNoWord) {
  EXPECT_TRUE(editor_words("").value().empty());
  EXPECT_TRUE(editor_words(" \t\n").value().empty());
}

TEST(EditorWordsTest, AQuoteThatDoesNotEndIsRefused) {
  for (const auto* text : {"'vi", "\"vi"}) EXPECT_FALSE(editor_words(text)) << text;
  EXPECT_EQ(editor_words("vi\\").value(), Words{"vi\\"});  // a backslash at the end is one
}

}  // namespace
}  // namespace carapace::app

#include "store/text_index.h"

#include <gtest/gtest.h>

namespace carapace::store {
namespace {

std::unique_ptr<TextIndex> sample() {
  return *make_text_index(
      {{"README.md", "Install", "Two commands are enough on a fresh machine."},
       {"docs/providers.md", "Providers",
        "Set a key to talk with a model. Installing is described elsewhere."},
       {"docs/café.md", "Ümlaute", "Über die Größe von Dateien und das Café."},
       {"docs/kanji.md", "漢字", "設定 ファイル を 読む"},
       {"docs/safety.md", "Safety", "A tool that can send asks first: approval."}});
}

std::string first_page(TextIndex& index, std::string_view words) {
  const auto hits = index.search(words, 3);
  return hits.empty() ? "" : hits[0].passage.page;
}

TEST(TextIndex, HeadingsWeighMoreAndEndingsDoNotMatter) {
  const auto index = sample();
  EXPECT_EQ(first_page(*index, "installing"), "README.md");
  EXPECT_EQ(first_page(*index, "Which COMMAND?"), "README.md");
  EXPECT_EQ(first_page(*index, "approvals for sending tools"), "docs/safety.md");
}

TEST(TextIndex, AnyWordMayMatchAndTheBestComesFirst) {
  const auto index = sample();
  const auto hits = index->search("zebra model key install", 10);
  ASSERT_GE(hits.size(), 2U);
  EXPECT_EQ(hits[0].passage.page, "docs/providers.md");
  for (std::size_t i = 1; i < hits.size(); ++i) EXPECT_LE(hits[i - 1].score, hits[i].score);
  EXPECT_EQ(index->search("model key install", 1).size(), 1U);
  EXPECT_TRUE(index->search("model", 0).empty());
}

TEST(TextIndex, OtherScriptsAndMissingAccents) {
  const auto index = sample();
  EXPECT_EQ(first_page(*index, "grosse uber cafe"), "docs/café.md");
  EXPECT_EQ(first_page(*index, "UMLAUTE"), "docs/café.md");
  EXPECT_EQ(first_page(*index, "設定"), "docs/kanji.md");
}

TEST(TextIndex, NothingAPersonTypesIsSyntax) {
  const auto index = sample();
  for (const auto* words : {"", " ", "\"", "\"\"\"", "* ^ : ( ) { } - +", "NEAR(a b)", "AND",
                            "OR OR", "heading:install", "a* AND b", "'; DROP TABLE passages;--",
                            "\xff\xfe", "—", "‘’", "😀", "install\" OR \"x", "{heading} : install"})
    (void)index->search(words, 5);
  EXPECT_EQ(first_page(*index, "heading:install\" NOT commands"), "README.md");
  EXPECT_EQ(first_page(*index, std::string("in\0stall commands", 17)), "README.md");
  EXPECT_FALSE(index->search("install", 5).empty());
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += "word ";
  EXPECT_TRUE(index->search(many, 5).empty());
  EXPECT_TRUE(index->search(std::string(1 << 20, 'a'), 5).empty());
}

TEST(TextIndex, ASearchCanKeepToWhatAPassageIsKnownBy) {
  const auto index =
      *make_text_index({{"a.md", "Uninstall", "Delete the folder.", "remove computer", "remove"},
                        {"b.md", "Folders", "Remove nothing.", "", ""}});
  EXPECT_EQ(index->search("remove", 5).size(), 2U);
  EXPECT_EQ(index->search("remove", 5, Within::name).size(), 1U);
  EXPECT_EQ(index->search("computer", 5, Within::name).size(), 1U);
  EXPECT_TRUE(index->search("computer", 5, Within::title).empty());
  EXPECT_EQ(index->search("uninstall", 5, Within::title).size(), 1U);
  EXPECT_TRUE(index->search("delete", 5, Within::name).empty());
}

TEST(TextIndex, AnEmptyIndexFindsNothing) {
  const auto index = *make_text_index({});
  EXPECT_TRUE(index->search("install", 5).empty());
}

}  // namespace
}  // namespace carapace::store

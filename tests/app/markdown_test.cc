// Markdown on a terminal: shown as it streams, broken between words, and never able to drive it.
#include "app/terminal/markdown.h"

#include <gmock/gmock.h>

#include <clocale>

#include "app/terminal/cells.h"

namespace carapace::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string shown(std::string_view text, Look look = {.colour = true}, std::size_t piece = 1) {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  MarkdownPrinter printer(look);
  std::string out;
  while (!text.empty()) {
    auto length = std::min(piece, text.size());
    while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xc0U) == 0x80U)
      ++length;
    out += printer.feed(text.substr(0, length));
    text.remove_prefix(length);
  }
  return out + printer.finish();
}

std::string bare(std::string text) {  // without styles
  for (auto at = text.find("\x1b["); at != std::string::npos; at = text.find("\x1b["))
    text.erase(at, text.find('m', at) - at + 1);
  return text;
}

TEST(Markdown, MarksBecomeStyles) {
  EXPECT_EQ(shown("a **b** c"), "a \x1b[1mb\x1b[22m c");
  EXPECT_EQ(shown("*a* _b_ `c`"), "\x1b[3ma\x1b[23m \x1b[3mb\x1b[23m \x1b[36mc\x1b[39m");
  EXPECT_EQ(bare(shown("# Title\ntext")), "Title\ntext");
  EXPECT_EQ(bare(shown("- one\n  * two\n12. three\n> four\n")),
            "• one\n  • two\n12. three\n│ four\n");
}

TEST(Markdown, WhatIsNoMarkStays) {
  for (const std::string text :
       {"2 * 3 * 4", "snake_case_name", "a ** b", "[not a link] here", "[a](no end", "#hashtag",
        "-5 degrees", "1984 was", "a_b_c d_", "C:\\dir\\x", "5 - 3", "#", "**"})
    EXPECT_EQ(bare(shown(text)), text);
  EXPECT_EQ(bare(shown("\\*plain\\*")), "*plain*");
}

TEST(Markdown, CodeIsLeftAlone) {
  EXPECT_EQ(bare(shown("```py\n# no *title*\n- x\n| y\n```\nafter")),
            "  # no *title*\n  - x\n  | y\nafter");
  EXPECT_EQ(bare(shown("`a * b _c_`")), "a * b _c_");
  EXPECT_THAT(shown("```\nnever closed"), HasSubstr("\x1b[0m"));
}

TEST(Markdown, LinksShowWhereTheyLead) {
  EXPECT_EQ(bare(shown("see [the page](https://x.org/a) now")),
            "see the page (https://x.org/a) now");
  EXPECT_EQ(bare(shown("[https://x.org](https://x.org)")), "https://x.org");
}

TEST(Markdown, TablesAreAligned) {
  EXPECT_EQ(bare(shown("| name | n |\n|---|--:|\n| **a** | 1 |\n| 日本 | 22 |\nend")),
            "name   n\n────────\na      1\n日本  22\nend");
  EXPECT_EQ(bare(shown("| key | value |\n|---|---|\n| a | something long |\n", {.columns = 12})),
            "key: a\nvalue: something long\n");
  EXPECT_EQ(bare(shown("| only bars")), "| only bars\n");
}

TEST(Markdown, LinesBreakBetweenWords) {
  const Look narrow{.colour = true, .raw = false, .columns = 10};
  EXPECT_EQ(bare(shown("one two three four", narrow)), "one two\nthree four");
  EXPECT_EQ(bare(shown("- one two three", narrow)), "• one two\n  three");
  EXPECT_EQ(bare(shown("> one two three", narrow)), "│ one two\n│ three");
  EXPECT_EQ(bare(shown("a **bold word** b", narrow)), "a bold\nword b");
  EXPECT_EQ(bare(shown("日本語テキスト", narrow)), "日本語テキ\nスト");
  EXPECT_EQ(bare(shown("averyveryverylongword x", narrow)), "averyveryverylongword\nx");
}

TEST(Markdown, PiecesOfAnySizeShowTheSame) {
  const std::string text =
      "# T\n\nA **b** *c* `d` [e](http://f) long enough to break\n- x\n\n| a | b |\n|--|--|\n| 1 | "
      "2 |\n\n```\ncode\n```\n---\nend 日本";
  const Look look{.colour = true, .raw = false, .columns = 20};
  const auto whole = shown(text, look, text.size());
  for (std::size_t piece = 1; piece < 12; ++piece) EXPECT_EQ(shown(text, look, piece), whole);
}

TEST(Markdown, WithoutColoursMarksStayAndAPipeGetsTheText) {
  EXPECT_EQ(shown("a **b** `c`", {}), "a **b** `c`");
  EXPECT_THAT(shown("# t\n**b** `c` [d](e)\n```\nx\n```", {.columns = 20}), Not(HasSubstr("\x1b")));
  EXPECT_EQ(shown("- a **b**\n| c |", {.raw = true}), "- a **b**\n| c |");
}

TEST(Markdown, AnAnswerCannotDriveTheTerminal) {
  for (const auto& look : {Look{.colour = true}, Look{.raw = true}, Look{.columns = 8}}) {
    const auto out =
        bare(shown("a\x1b]0;evil\x07"
                   "b\x1b[2Jc\u009b31md\u202ee\rf\x08\x7f",
                   look));
    EXPECT_EQ(out.find_first_of("\x1b\x07\r\x08\x7f"), std::string::npos) << out;
    EXPECT_THAT(out, Not(HasSubstr("\u009b")));
    EXPECT_THAT(out, Not(HasSubstr("\u202e")));
  }
}

TEST(Cells, WideAndCombining) {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  EXPECT_EQ(cells_of("abc"), 3);
  EXPECT_EQ(cells_of("日本"), 4);
  EXPECT_EQ(cells_of("e\u0301"), 1);
  EXPECT_EQ(character_length("日"), 3U);
  EXPECT_EQ(character_length("\xf0"), 1U);
}

}  // namespace
}  // namespace carapace::app

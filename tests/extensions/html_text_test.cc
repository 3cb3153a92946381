// Pages read well, and hostile ones cost little.
#include "extensions/tools/html_text.h"

#include <gmock/gmock.h>

#include <chrono>
#include <string>

#include "base/text.h"

namespace carapace::tools {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string read(std::string_view html) { return html_to_text(html, 100'000).text; }
std::string repeat(std::string_view part, int times) {
  std::string out;
  out.reserve(part.size() * static_cast<std::size_t>(times));
  for (int i = 0; i < times; ++i) out += part;
  return out;
}

TEST(HtmlText, ReadsLikeAPage) {
  const auto page = html_to_text(
      R"(<!DOCTYPE html><html><head><title>A &amp; B</title><style>p{color:red}</style></head>
    <body><nav>Menu Home About</nav><h1>Head</h1><p>One <b>bold</b> word,
    and a <a href="https://x.example/p">link</a>.</p><ul><li>first</li><li>second</ul>
    <pre>code
      stays</pre><table><tr><td>a</td><td>b</td></tr></table><script>alert("x")</script></body></html>)",
      10'000);
  EXPECT_EQ(page.title, "A & B");
  EXPECT_EQ(page.text,
            "# Head\n\nOne bold word, and a link (https://x.example/p).\n\n- first\n- "
            "second\n\n```\ncode\n      stays\n```\n\na | b |");
}

TEST(HtmlText, WhatIsHiddenIsNotRead) {
  for (const std::string_view html : {"<p hidden>SECRET</p>",
                                      "<div style=\"display: none\">SECRET</div>",
                                      "<span aria-hidden='true'>SECRET</span>",
                                      "<div STYLE='Visibility:Hidden'><p>SECRET</div>",
                                      "<p style=font-size:0px>SECRET</p>",
                                      "<b style='font-size: 0'>SECRET</b>",
                                      "<!-- SECRET -->",
                                      "<!-- <b>a</b> SECRET -->",
                                      "<script>SECRET</script>",
                                      "<style>SECRET</style>",
                                      "<template>SECRET</template>",
                                      "<noscript>SECRET</noscript>",
                                      "<svg><text>SECRET</text></svg>",
                                      "<textarea>SECRET</textarea>",
                                      "<select><option>SECRET</select>",
                                      "<nav>SECRET</nav>",
                                      "<iframe>SECRET</iframe>",
                                      "<button>SECRET</button>",
                                      "<custom-thing hidden><p>SECRET</p></custom-thing>",
                                      "<!-- a --!> <!--SECRET-->",
                                      "<script><!-- <script> SECRET </script>",
                                      "<p title='>SECRET'></p>",
                                      "<img alt=SECRET>",
                                      "<object>SECRET</object>",
                                      "<p style='display:/* x */none'>SECRET</p>",
                                      "<p style='display:\t\nnone'>SECRET</p>",
                                      "<p style='opacity:0'>SECRET</p>",
                                      "<p style='color:red;opacity:0.0;'>SECRET</p>",
                                      "<p style='visibility: collapse'>SECRET</p>",
                                      "<p style='position:absolute;left:-9999px'>SECRET</p>",
                                      "<p style='text-indent: -1000em'>SECRET</p>",
                                      "<p style='color:transparent'>SECRET</p>"})
    EXPECT_THAT(read("<body>shown " + std::string(html)), Not(HasSubstr("SECRET"))) << html;
}

TEST(HtmlText, WhatIsShownIsRead) {
  for (const std::string_view html : {"<p style='font-size:0.9em'>SHOWN</p>",
                                      "<p style='opacity:0.5'>SHOWN</p>",
                                      "<p style='margin-left:-10px'>SHOWN</p>",
                                      "<p style='border-color:transparent'>SHOWN</p>",
                                      "<p style='stroke-opacity:0'>SHOWN</p>",
                                      "<p style='/* display:none */'>SHOWN</p>",
                                      "<p>SHOWN",
                                      "SHOWN",
                                      "<x-y>SHOWN</x-y>",
                                      "<b><i><u>SHOWN",
                                      "<!-->SHOWN",
                                      "<!--->SHOWN",
                                      "<p>5 < 6 and SHOWN",
                                      "<svg>SHOWN",
                                      "<a href=x>SHOWN</a>",
                                      "<p a='\">SHOWN",
                                      "<div data-x=\">\">SHOWN</div>",
                                      "</p></div>SHOWN",
                                      "<td>SHOWN",
                                      "<form><fieldset>SHOWN",
                                      "<p>&#83;HOWN",
                                      "<script>never closed <p>SHOWN"})
    EXPECT_THAT(read(html), HasSubstr(html == "<p a='\">SHOWN" ? "" : "SHOWN")) << html;
}

TEST(HtmlText, LinksKeepOnlyWebTargets) {
  EXPECT_EQ(read("<a href='javascript:alert(1)'>x</a>"), "x");
  EXPECT_EQ(read("<a href='/relative'>x</a>"), "x");
  EXPECT_EQ(read("<a href='https://a.example/?a=1&amp;b=\"2'>x</a>"),
            "x (https://a.example/?a=1&b=\"2)");
  EXPECT_EQ(read("<a href='https://a.example'>https://a.example</a>"), "https://a.example");
  EXPECT_LT(read("<a href='https://a.example/" + std::string(100'000, 'x') + "'>x</a>").size(),
            600U);
}

TEST(HtmlText, OutputIsBoundedAndCutAtACharacter) {
  const auto long_page = "<p>" + repeat("ä", 500'000);
  const auto text = html_to_text(long_page, 1'001).text;
  EXPECT_LE(text.size(), 1'001U);
  EXPECT_TRUE(is_valid_utf8(text));
  EXPECT_GE(text.size(), 900U);
}

TEST(HtmlText, InvalidUtf8IsMended) {
  for (const std::string& bytes :
       {std::string("<p>\xff\xfe\xc3 x</p>"), std::string("a\xed\xa0\x80z"),
        std::string("\xf0\x9f"), std::string("<p>a\0b</p>", 10), std::string("<\xc3>")}) {
    const auto page = html_to_text(bytes, 1'000);
    EXPECT_TRUE(is_valid_utf8(page.text));
  }
}

// Each of these once made some parser recurse, loop or grow without bound.
TEST(HtmlText, HostilePagesCostLittle) {
  const int n = 200'000;
  std::string distinct;
  for (int i = 0; i < 50'000; ++i) distinct += "<b id=" + std::to_string(i) + "><p></b>";
  const std::pair<std::string, std::string> corpus[] = {
      {"deep", repeat("<div>", 1'000'000) + "WORDS"},
      {"deep hidden in comments", repeat("<div><!--</div>-->", n) + "WORDS"},
      {"deep hidden in attributes", repeat("<div a='</div>'>", n) + "WORDS"},
      {"deep hidden in raw text", repeat("<div><xmp></div></xmp>", n) + "WORDS"},
      {"deep hidden in scripts",
       repeat("<div><script><!--<script></script></div></script>", n / 2) + "WORDS"},
      {"deep through tables", repeat("<div><table></div>", n) + "WORDS"},
      {"deep through lists", repeat("<span><dd></span><span><li></span>", n / 2) + "WORDS"},
      {"deep drawing", repeat("<svg><g><![CDATA[></g>]]>", n) + "WORDS"},
      {"deep after a drawing", "<svg><style>" + repeat("<g>", n) + "WORDS"},
      {"frameset", repeat("<div>", 1'000) + "<frameset>" + "WORDS"},
      {"formatting that comes back", distinct + repeat("<p>x", n) + "WORDS"},
      {"paragraphs", repeat("<p>", n * 4) + "WORDS"},
      {"tables in tables", repeat("<table><tr><td>", n) + "WORDS"},
      {"forms", repeat("<form>", n) + "WORDS"},
      {"end tags only", repeat("</p></div></b>", n) + "WORDS"},
      {"open brackets", repeat("<", 2'000'000) + " WORDS"},
      {"open comments", repeat("<!--", n) + "WORDS"},
      {"open scripts", repeat("<script>", n) + "WORDS"},
      {"a huge attribute", "<p a=\"" + std::string(4'000'000, 'x') + "\">WORDS"},
      {"many attributes", "<p " + repeat("a=1 ", n) + ">WORDS"},
      {"an open attribute", "<p a=\"" + std::string(2'000'000, 'x')},
      {"a huge name", "<" + std::string(3'000'000, 'x') + ">WORDS"},
      {"entities", repeat("&#x41;&lt;", n) + "WORDS"},
      {"selects", repeat("<select><table>", n) + "WORDS"},
      {"links", repeat("<a href=https://x.example/>l", n) + "WORDS"},
      {"bytes", std::string(9 << 20, '\xff')},
  };
  for (const auto& [name, html] : corpus) {
    const auto begin = std::chrono::steady_clock::now();
    const auto page = html_to_text(html, 20'000);
    const auto took = std::chrono::steady_clock::now() - begin;
    EXPECT_LE(page.text.size(), 20'000U) << name;
    EXPECT_TRUE(is_valid_utf8(page.text)) << name;
    EXPECT_LT(took, std::chrono::seconds(20)) << name;
  }
}

TEST(HtmlText, AnOrdinaryBigPageIsParsed) {
  const auto page = repeat(
      "<section><h2>Part</h2><p>Some <b>words</b> and <a "
      "href='https://x.example'>more</a>.<br>Line</p>"
      "<ul><li>a<li>b</ul><svg viewBox='0 0 1 1'><path d='M0'/></svg></section>",
      3'000);
  const auto text = html_to_text(page, 5'000'000).text;
  EXPECT_THAT(text, HasSubstr("## Part\n\nSome words and more (https://x.example).\nLine"));
  EXPECT_GT(text.size(), 150'000U);
}

}  // namespace
}  // namespace carapace::tools

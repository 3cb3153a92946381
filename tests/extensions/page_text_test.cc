// Encodings of web pages, and characters that nobody sees.
#include "extensions/tools/page_text.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/text.h"

namespace carapace::tools {
namespace {

using namespace std::string_literals;

TEST(PageText, TheHeaderNamesTheEncoding) {
  EXPECT_EQ(decode_page("caf\xe9", "text/html; charset=ISO-8859-1"), "café");
  EXPECT_EQ(decode_page("\x80 5", "text/html; charset=\"windows-1252\""), "€ 5");
  EXPECT_EQ(decode_page("\xcf\xf0\xe8", "text/plain;Charset = windows-1251"), "При");
  EXPECT_EQ(decode_page("caf\xc3\xa9", "text/html; charset=utf-8"), "café");
  EXPECT_EQ(decode_page("h\0i\0"s, "text/plain; charset=utf-16le"), "hi");
}

TEST(PageText, ThePageNamesIt) {
  EXPECT_EQ(decode_page("<meta charset=iso-8859-1>caf\xe9", "text/html"),
            "<meta charset=iso-8859-1>café");
  EXPECT_EQ(decode_page("<META http-equiv=content-type content='text/html; charset=koi8-r'>\xf0",
                        "text/html"),
            "<META http-equiv=content-type content='text/html; charset=koi8-r'>П");
  EXPECT_EQ(decode_page("<meta charset=utf-16>caf\xc3\xa9", "text/html"),
            "<meta charset=utf-16>café");
}

TEST(PageText, AMarkWinsOverAll) {
  EXPECT_EQ(decode_page("\xef\xbb\xbf"
                        "café",
                        "text/plain; charset=iso-8859-1"),
            "café");
  EXPECT_EQ(decode_page("\xff\xfeh\0i\0"s, "text/plain"), "hi");
  EXPECT_EQ(decode_page("\xfe\xff\0h\0i"s, "text/plain; charset=utf-8"), "hi");
}

TEST(PageText, WithoutANameItIsGuessed) {
  EXPECT_EQ(decode_page("caf\xc3\xa9", "text/plain"), "café");
  EXPECT_EQ(decode_page("caf\xe9 na\xefve", "text/plain"), "café naïve");
  EXPECT_TRUE(decode_page("\x89PNG\0\xff"s, "text/plain").contains('\0'));
}

TEST(PageText, NonsenseIsBounded) {
  for (const std::string_view type :
       {"text/html; charset=utf-7", "text/html; charset=", "text/html; charset",
        "charset=x;charset=y", "text/html; charset=gb18030//IGNORE", "text/html; charset=../../x",
        "text/html; charset=utf-16", "text/html; charset=shift_jis", "text/html; charset=euc-jp",
        "text/html; charset=big5"}) {
    std::string bytes;
    for (int i = 0; i < 2000; ++i) bytes += static_cast<char>(i * 7 + 128);
    const auto text = decode_page(bytes, type);
    EXPECT_TRUE(is_valid_utf8(text)) << type;
    EXPECT_LT(text.size(), 4 * bytes.size()) << type;
  }
  EXPECT_EQ(decode_page("+ADw-script+AD4-", "text/html; charset=utf-7"), "+ADw-script+AD4-");
  EXPECT_EQ(decode_page("", "text/html; charset=utf-16"), "");
}

TEST(PageText, HiddenCharactersGo) {
  EXPECT_EQ(visible_characters("a\u200bb\u2060c\ufeffd\u202ee\u2066f\u200fg\x1b[31mh\x07"),
            "abcdefg[31mh");
  EXPECT_EQ(visible_characters("x\U000E0049\U000E0067y"), "xy");  // tags spell ASCII unseen
  EXPECT_EQ(visible_characters("line\n\ttab é 日本 👨\u200d👩 نمی\u200cخواهم"),
            "line\n\ttab é 日本 👨\u200d👩 نمی\u200cخواهم");
}

}  // namespace
}  // namespace carapace::tools

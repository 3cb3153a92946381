#include "base/bytes.h"

#include <gtest/gtest.h>

#include <random>

namespace carapace {
namespace {

TEST(Hex, BothWays) {
  EXPECT_EQ(to_hex(std::string_view("\x00\x0f\xff", 3)), "000fff");
  EXPECT_EQ(from_hex("000FfF"), std::string("\x00\x0f\xff", 3));
  EXPECT_EQ(from_hex(""), "");
  for (const char* bad : {"0", "0g", "0x", " 00", "00 ", "é"})
    EXPECT_EQ(from_hex(bad), std::nullopt) << bad;
}

// RFC 4648 §10.
TEST(Base64, KnownAnswers) {
  const std::vector<std::pair<std::string, std::string>> table{{"", ""},
                                                               {"f", "Zg=="},
                                                               {"fo", "Zm8="},
                                                               {"foo", "Zm9v"},
                                                               {"foob", "Zm9vYg=="},
                                                               {"fooba", "Zm9vYmE="},
                                                               {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : table) {
    EXPECT_EQ(to_base64(plain), coded);
    EXPECT_EQ(from_base64(coded), plain);
    EXPECT_EQ(from_base64_any(coded), plain);
  }
  EXPECT_EQ(to_base64url("\xfb\xff\xfe"), "-__-");
  EXPECT_EQ(to_base64("\xfb\xff\xfe"), "+//+");
  EXPECT_EQ(from_base64_any("-__-"), "\xfb\xff\xfe");
  EXPECT_EQ(from_base64_any("+//+"), "\xfb\xff\xfe");
}

TEST(Base64, StrictMeansStrict) {
  for (const char* bad : {"Zg", "Zg=", "Zg===", "Z", "Z===", "====", "Zm9v\n", " Zm9v", "Zm9v ",
                          "Zm=v", "=Zm9", "-__-", "Zm9é", "Zm9vY"})
    EXPECT_EQ(from_base64(bad), std::nullopt) << bad;
  for (const char* bad : {"Z", "Zm9vY", "Zm 9", "Z!==", "==="})
    EXPECT_EQ(from_base64_any(bad), std::nullopt) << bad;
}

TEST(BytesProperty, RoundTrips) {
  std::mt19937 engine(1);
  for (std::size_t length = 0; length < 300; ++length) {
    std::string bytes(length, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(engine());
    EXPECT_EQ(from_hex(to_hex(bytes)), bytes);
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    EXPECT_EQ(from_base64_any(to_base64url(bytes)), bytes);
    EXPECT_EQ(to_base64url(bytes).find_first_of("+/="), std::string::npos);
  }
}

}  // namespace
}  // namespace carapace

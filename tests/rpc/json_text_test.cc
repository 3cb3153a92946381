// JSON text written by hand is JSON.
#include "rpc/json_text.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace carapace::rpc {
namespace {

TEST(JsonText, every_byte_survives_or_becomes_a_replacement) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = "a" + std::string(1, static_cast<char>(byte)) + "z";
    const auto parsed = parse_json(json_string(text));
    ASSERT_TRUE(parsed) << byte;
    const auto back = std::string(parsed->get_string());
    EXPECT_EQ(back, byte < 128 ? text : "a\xef\xbf\xbdz") << byte;
  }
}

TEST(JsonText, unicode_is_left_alone) {
  EXPECT_EQ(json_string("é 👨‍👩‍👧 \u2028"), "\"é 👨‍👩‍👧 \u2028\"");
}

TEST(JsonText, objects_and_arrays) {
  const auto text = ObjectText()
                        .text("a", "\"x\"")
                        .number("b", -3)
                        .boolean("c", true)
                        .raw("d", ArrayText().text("1").raw("2").take())
                        .text_unless_empty("e", "")
                        .take();
  EXPECT_EQ(text, R"({"a":"\"x\"","b":-3,"c":true,"d":["1",2]})");
  EXPECT_EQ(ObjectText().take(), "{}");
  EXPECT_EQ(ArrayText().take(), "[]");
}

}  // namespace
}  // namespace carapace::rpc

#include "config/json5.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/json.h"

namespace carapace::config {
namespace {

json::value read(std::string_view text) {
  auto value = parse_json5(text);
  if (!value) {
    ADD_FAILURE() << text << "\n" << value.error().detail;
    return "failed";
  }
  return std::move(*value);
}

std::string problem(std::string_view text, Json5Limits limits = {}) {
  const auto value = parse_json5(text, limits);
  if (value) return "no problem: " + dump_json(*value);
  EXPECT_EQ(value.error().code, Errc::invalid_request);
  return value.error().detail;
}

TEST(Json5, TheExampleOfTheStandard) {
  const auto value = read(R"({
  // comments
  unquoted: 'and you can quote me on that',
  singleQuotes: 'I can use "double quotes" here',
  lineBreaks: "Look, Mom! \
No \\n's!",
  hexadecimal: 0xdecaf,
  leadingDecimalPoint: .8675309, andTrailing: 8675309.,
  positiveSign: +1,
  trailingComma: 'in objects', andIn: ['arrays',],
  "backwardsCompatible": "with JSON",
})");
  EXPECT_EQ(value.at("unquoted"), "and you can quote me on that");
  EXPECT_EQ(value.at("singleQuotes"), "I can use \"double quotes\" here");
  EXPECT_EQ(value.at("lineBreaks"), "Look, Mom! No \\n's!");
  EXPECT_EQ(value.at("hexadecimal"), 0xdecaf);
  EXPECT_DOUBLE_EQ(value.at("leadingDecimalPoint").as_double(), .8675309);
  EXPECT_DOUBLE_EQ(value.at("andTrailing").as_double(), 8675309.);
  EXPECT_EQ(value.at("positiveSign"), 1);
  EXPECT_EQ(value.at("andIn").as_array().size(), 1U);
  EXPECT_EQ(value.at("backwardsCompatible"), "with JSON");
}

TEST(Json5, Numbers) {
  EXPECT_EQ(read("-0x1F"), -31);
  EXPECT_EQ(read("+0XfF"), 255);
  EXPECT_EQ(read("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(read("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(read("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(read("0xffffffffffffffff"), UINT64_MAX);
  EXPECT_TRUE(read("0x10000000000000000").is_double());
  EXPECT_TRUE(read("18446744073709551616").is_double());
  EXPECT_DOUBLE_EQ(read("1e3").as_double(), 1000);
  EXPECT_DOUBLE_EQ(read("-.5E-1").as_double(), -0.05);
  EXPECT_EQ(read("5.").as_double(), 5);
  EXPECT_TRUE(std::isinf(read("Infinity").as_double()));
  EXPECT_LT(read("-Infinity").as_double(), 0);
  EXPECT_TRUE(std::isnan(read("NaN").as_double()));
  EXPECT_TRUE(std::isnan(read("-NaN").as_double()));
  EXPECT_EQ(read("-0"), 0) << "as the strict parser has it";
  EXPECT_EQ(read("1e-999").as_double(), 0);
  EXPECT_EQ(read("0." + std::string(400, '0') + "1").as_double(), 0);
  EXPECT_TRUE(std::isinf(read("1e999").as_double()));
  EXPECT_TRUE(std::isinf(read(std::string(400, '9')).as_double()));
  EXPECT_TRUE(std::isinf(read("0x" + std::string(400, 'f')).as_double()));
  for (const char* bad : {"01", "1e", "1e+", ".", "+", "-", "--1", "+-1", "0x", "0xg", "1_000",
                          "1.2.3", "Infinit", "NaNo", "1a", "0b1", "- 1", "1.e", "٣"})
    EXPECT_TRUE(problem(bad).starts_with("line 1, column")) << bad << ": " << problem(bad);
}

TEST(Json5, Texts) {
  EXPECT_EQ(read(R"('\b\f\n\r\t\v\\\/\'\"\a\z')"), "\b\f\n\r\t\v\\/'\"az");
  EXPECT_EQ(read(R"("\x41\u0042\u00e9\uD83D\uDE00")"), "AB\u00e9\U0001F600");
  EXPECT_EQ(read(R"("a\0b")").as_string(), std::string_view("a\0b", 3));
  EXPECT_EQ(read("'a\\\r\nb\\\nc\\\rd\\\u2028e'"), "abcde");
  EXPECT_EQ(read("'\u2028\u2029'"), "\u2028\u2029");
  EXPECT_EQ(read("'\t\x01'"), "\t\x01");
  EXPECT_EQ(read(R"('\é')"), "é");
  // Halves of surrogate pairs.
  EXPECT_EQ(read(R"("\ud83dx")"), "\uFFFDx");
  EXPECT_EQ(read(R"("\ude00")"), "\uFFFD");
  EXPECT_EQ(read(R"("\ud83d\ud83d\ude00")"), "\uFFFD\U0001F600");
  EXPECT_EQ(read(R"("\ud83d")"), "\uFFFD");
  EXPECT_EQ(read(R"("\ud83d\n\ude00")"), "\uFFFD\n\uFFFD");
  EXPECT_EQ(read("'\\ud83d\\\r\n\\\n\\ude00'"), "\U0001F600") << "a line that goes on is nothing";
  for (const char* bad : {"'", "\"abc", "'a\nb'", "'a\rb'", R"('\x4')", R"('\xg0')", R"('\u12')",
                          R"('\1')", R"('\01')", "'\\"})
    EXPECT_TRUE(problem(bad).starts_with("line 1, column")) << bad;
}

TEST(Json5, Keys) {
  const auto value = read(
      "{$a_1: 1, _: 2, ünïcode: 3, \\u0061bc: 4, 'q r': 5, null: 6, Infinity: 7, a\u200cb: 8, π: "
      "9}");
  EXPECT_EQ(value.at("$a_1"), 1);
  EXPECT_EQ(value.at("ünïcode"), 3);
  EXPECT_EQ(value.at("abc"), 4);
  EXPECT_EQ(value.at("q r"), 5);
  EXPECT_EQ(value.at("null"), 6);
  EXPECT_EQ(value.at("Infinity"), 7);
  EXPECT_EQ(value.at("π"), 9);
  EXPECT_EQ(read("{a: 1, b: 2, a: 3}").at("a"), 3) << "the last of equal keys counts";
  EXPECT_EQ(read("{__proto__: 1}").at("__proto__"), 1);
}

TEST(Json5, BlanksAndComments) {
  EXPECT_EQ(read("\uFEFF\u00a0\u3000\v\f// x\n/* y */ [ /**/ 1 /***/ , // z\r 2 ] // end"),
            (json::array{1, 2}));
  EXPECT_EQ(read("// a\u2028 7"), 7);
  EXPECT_EQ(read("/* * / ** */1"), 1);
}

TEST(Json5, ProblemsSayWhere) {
  EXPECT_EQ(problem("{\n  a: 1\n  b: 2\n}"), "line 3, column 3: expected ',' or '}', not 'b'");
  EXPECT_EQ(problem("{\n  a: [1, 2\n}"), "line 3, column 1: expected ',' or ']', not '}'");
  EXPECT_EQ(problem("{\n a: {\n  b: 1\n"), "line 2, column 5: this '{' is not closed");
  EXPECT_EQ(problem("{a: hello}"), "line 1, column 5: text needs quotes");
  EXPECT_EQ(problem("{my-key: 1}"), "line 1, column 4: a key with '-' in it needs quotes");
  EXPECT_EQ(problem("{1a: 1}"), "line 1, column 2: a key that begins with a digit needs quotes");
  EXPECT_EQ(problem("{a 1}"), "line 1, column 4: expected ':' after the key 'a', not '1'");
  EXPECT_EQ(problem("{é: 'ü' x}"), "line 1, column 9: expected ',' or '}', not 'x'")
      << "columns count characters";
  EXPECT_EQ(problem("[1,,2]"), "line 1, column 4: a value was expected, not ','");
  EXPECT_EQ(problem("{,}"), "line 1, column 2: a key was expected, not ','");
  EXPECT_EQ(problem("[,]"), "line 1, column 2: a value was expected, not ','");
  EXPECT_EQ(problem("{} {}"), "line 1, column 4: something follows the end of the document");
  EXPECT_EQ(problem(" \r\n \r x"), "line 3, column 2: text needs quotes");
  EXPECT_EQ(problem("/* never"), "line 1, column 1: this comment is not closed with */");
  EXPECT_EQ(problem(""), "line 1, column 1: the file holds no value");
  EXPECT_EQ(problem("{a:}"), "line 1, column 4: a value was expected, not '}'");
  EXPECT_EQ(problem("{a:"), "line 1, column 4: a value is missing");
  EXPECT_EQ(problem("[1 2]"), "line 1, column 4: expected ',' or ']', not '2'");
  EXPECT_EQ(problem("\x01"),
            "line 1, column 1: a value was expected, not the control character 0x01");
  EXPECT_EQ(problem("Item"), "line 1, column 1: text needs quotes");
  EXPECT_EQ(problem("{a: 'é', b: 'ü\xff'}"), "line 1, column 15: this is not UTF-8 text");
  EXPECT_EQ(problem("tru"), "line 1, column 1: text needs quotes");
  EXPECT_EQ(problem("truex"), "line 1, column 1: text needs quotes");
}

TEST(Json5, HostileText) {
  EXPECT_EQ(problem("{\n a: '\xff'}"), "line 2, column 6: this is not UTF-8 text");
  EXPECT_EQ(problem(std::string_view("{a: 1}\0", 7)), "line 1, column 7: a NUL byte");
  EXPECT_EQ(problem("[\xed\xa0\x80]"), "line 1, column 2: this is not UTF-8 text");
  EXPECT_EQ(problem(std::string(100, ' '), {.max_bytes = 99}),
            "line 1, column 1: larger than 99 bytes");
  for (const std::string open : {"[", "{a:", "[{a:["}) {
    std::string deep;
    for (int i = 0; i < 10'000; ++i) deep += open;
    EXPECT_NE(problem(deep).find("deeper than 64 levels"), std::string::npos);
  }
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  EXPECT_TRUE(parse_json5(nested(64)));
  EXPECT_FALSE(parse_json5(nested(65)));
  EXPECT_EQ(parse_json(nested(64)).has_value(), parse_json5(nested(64)).has_value());
  EXPECT_EQ(parse_json(nested(65)).has_value(), parse_json5(nested(65)).has_value());
}

TEST(Json5, ProblemAtEveryCutIsInsideTheText) {
  const std::string text =
      "{ // c\n 'a': [0x1F, -1.5e3, \"\\u00e9\\\n\", /* é */ true], b: {c: null,}, }";
  ASSERT_TRUE(parse_json5(text));
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    const auto node = read_json5(std::string_view(text).substr(0, cut));
    ASSERT_FALSE(node) << cut;
    EXPECT_LE(node.error().line, 3U);
  }
}

TEST(Json5, NodesKnowTheirPlace) {
  const std::string text = "{a: [1, 'two'], \"b\": {c: 3,},}";
  const auto root = read_json5(text).value();
  const auto slice = [&text](const Json5Node& node) {
    return text.substr(node.begin, node.end - node.begin);
  };
  EXPECT_EQ(slice(root), text);
  EXPECT_TRUE(root.trailing_comma);
  EXPECT_EQ(slice(*member_of(root, "a")), "[1, 'two']");
  EXPECT_EQ(slice(member_of(root, "a")->items[1]), "'two'");
  EXPECT_FALSE(member_of(root, "a")->trailing_comma);
  EXPECT_EQ(slice(*member_of(root, "b")), "{c: 3,}");
  EXPECT_TRUE(root.members[1].quoted);
  EXPECT_EQ(text[root.members[1].begin], '"');
  EXPECT_EQ(member_of(root, "none"), nullptr);
}

// --- against the strict parser
// --------------------------------------------------------------------

// The strict parser rounds some fractions in the last place; ours is exact.
bool same(const json::value& a, const json::value& b) {
  if (a.is_double() && b.is_double() && a.as_double() == b.as_double()) return true;
  if (a.is_double() && b.is_double())
    return std::abs(a.as_double() - b.as_double()) <= std::abs(a.as_double()) * 1e-15;
  if (a.is_array() && b.is_array()) {
    if (a.as_array().size() != b.as_array().size()) return false;
    for (std::size_t i = 0; i < a.as_array().size(); ++i)
      if (!same(a.as_array()[i], b.as_array()[i])) return false;
    return true;
  }
  if (a.is_object() && b.is_object()) {
    if (a.as_object().size() != b.as_object().size()) return false;
    for (const auto& member : a.as_object()) {
      const auto* other = b.as_object().if_contains(member.key());
      if (other == nullptr || !same(member.value(), *other)) return false;
    }
    return true;
  }
  return a.kind() == b.kind() && a == b;
}

class Maker {
 public:
  explicit Maker(unsigned seed) : engine_(seed) {}
  json::value value(int depth) {
    switch (below(depth > 4 ? 6 : 8)) {
      case 0: return nullptr;
      case 1: return below(2) == 0;
      case 2: return static_cast<std::int64_t>(engine_()) - (1LL << 31);
      case 3: return static_cast<double>(static_cast<std::int32_t>(engine_())) / 1024.0;
      case 4: return static_cast<std::uint64_t>(engine_()) << 32U | engine_();
      case 5: return json::string(text());
      case 6: {
        json::array list;
        for (auto n = below(5); n > 0; --n) list.push_back(value(depth + 1));
        return list;
      }
      default: {
        json::object object;
        for (auto n = below(5); n > 0; --n) object[text()] = value(depth + 1);
        return object;
      }
    }
  }
  std::uint32_t below(std::uint32_t n) { return engine_() % n; }

 private:
  std::string text() {
    static const std::vector<std::string> pieces{"a",      "\"", "\\", "/",  "\n",   "\t", "é",
                                                 "\u2028", "😀", "'",  "//", "\x01", "0",  " "};
    std::string out;
    for (auto n = below(6); n > 0; --n)
      out += pieces[below(static_cast<std::uint32_t>(pieces.size()))];
    return out;
  }
  std::mt19937 engine_;
};

TEST(Json5Property, JsonReadsTheSame) {
  Maker maker(1);
  for (int i = 0; i < 5000; ++i) {
    const auto value = maker.value(0);
    const auto text = json::serialize(value);
    const auto strict = parse_json(text);
    const auto wide = parse_json5(text);
    ASSERT_TRUE(strict) << text;
    ASSERT_TRUE(wide) << text << "\n" << wide.error().detail;
    ASSERT_EQ(*wide, value) << text;
    ASSERT_TRUE(same(*wide, *strict)) << text;
  }
}

// What the strict parser takes, ours takes with the same value, also when the text was damaged.
TEST(Json5Property, DamagedJsonIsNeverReadDifferently) {
  Maker maker(2);
  int accepted = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto text = json::serialize(maker.value(0));
    for (auto n = 1 + maker.below(3); n > 0 && !text.empty(); --n) {
      const auto at = maker.below(static_cast<std::uint32_t>(text.size()));
      static constexpr std::string_view kBytes = "{}[]:,\"\\0123456789.eE+-tfn/ \nu";
      const char byte = kBytes[maker.below(kBytes.size())];
      switch (maker.below(3)) {
        case 0: text.erase(at, 1); break;
        case 1: text.insert(at, 1, byte); break;
        default: text[at] = byte;
      }
    }
    const auto strict = parse_json(text);
    if (!strict) continue;
    ++accepted;
    const auto wide = parse_json5(text);
    ASSERT_TRUE(wide) << text << "\n" << wide.error().detail;
    ASSERT_TRUE(same(*wide, *strict)) << text << "\n"
                                      << json::serialize(*wide) << "\n"
                                      << json::serialize(*strict);
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace carapace::config

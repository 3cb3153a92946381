#include "config/edit.h"

#include <gtest/gtest.h>

#include <random>

#include "base/json.h"
#include "base/text.h"
#include "config/json5.h"

namespace carapace::config {
namespace {

std::string set(std::string_view text, std::string_view path, std::string_view value) {
  const auto edited = set_in_text(text, parse_key_path(path).value(), parse_json5(value).value());
  return edited ? *edited : "error: " + edited.error().detail;
}

TEST(Edit, ReplacesOnlyTheValue) {
  EXPECT_EQ(set("{\n  // my port\n  port: 0x10, // hex\n  b: 'x',\n}\n", "port", "18789"),
            "{\n  // my port\n  port: 18789, // hex\n  b: 'x',\n}\n");
  EXPECT_EQ(set("{a:{b:[1,2,3]}}", "a.b[1]", "'x'"), "{a:{b:[1,\"x\",3]}}");
  EXPECT_EQ(set("{a: 1, a: 2}", "a", "3"), "{a: 1, a: 3}") << "the last of equal keys counts";
  EXPECT_EQ(set("{a: {b: 1}}", "a", "{c: [1, 2]}"), "{a: {\n  c: [1, 2]\n}}");
}

TEST(Edit, InsertsBehindTheLastMemberAndItsComments) {
  EXPECT_EQ(set("{\n  a: 1 // one\n  // end\n}\n", "b", "2"),
            "{\n  a: 1, // one\n  // end\n  b: 2\n}\n");
  EXPECT_EQ(set("{\n\ta: 1, // one\n}\n", "b", "2"), "{\n\ta: 1, // one\n\tb: 2,\n}\n");
  EXPECT_EQ(set("{\n    gateway: {\n        port: 1\n    }\n}", "gateway.bind", "'lan'"),
            "{\n    gateway: {\n        port: 1,\n        bind: \"lan\"\n    }\n}");
  EXPECT_EQ(set("{a: 1}", "b", "2"), "{a: 1, b: 2}");
  EXPECT_EQ(set("{a: 1 /* x */}", "b", "2"), "{a: 1, b: 2 /* x */}");
  EXPECT_EQ(set("{a: 1,}", "b", "2"), "{a: 1, b: 2, }");
  EXPECT_EQ(set("{ a: 1, /* c */ }", "b", "2"), "{ a: 1, /* c */ b: 2, }");
}

TEST(Edit, EmptyObjects) {
  EXPECT_EQ(set("{}", "a", "1"), "{\n  a: 1\n}");
  EXPECT_EQ(set("{\n  a: {}\n}", "a.b", "1"), "{\n  a: {\n    b: 1\n  }\n}");
  EXPECT_EQ(set("{\n  // nothing yet\n}\n", "a", "1"), "{\n  // nothing yet\n  a: 1\n}\n");
  EXPECT_EQ(set("{ /* nothing */ }", "a", "1"), "{ /* nothing */  a: 1 }");
  EXPECT_EQ(set("", "gateway.port", "1"), "{\n  \"gateway\": {\n    \"port\": 1\n  }\n}\n");
  EXPECT_EQ(set(" \n", "a", "1"), "{\n  \"a\": 1\n}\n");
}

TEST(Edit, MakesTheObjectsThatAreMissing) {
  EXPECT_EQ(set("{\n  a: 1\n}\n", "gateway.auth.token", "'t'"),
            "{\n  a: 1,\n  gateway: {\n    auth: {\n      token: \"t\"\n    }\n  }\n}\n");
  EXPECT_EQ(set("{a: null}", "a.b", "1"), "{a: {\n  b: 1\n}}");
}

TEST(Edit, FollowsTheStyleOfTheFile) {
  EXPECT_EQ(set("{\n  \"a\": 1\n}\n", "b.c", "2"),
            "{\n  \"a\": 1,\n  \"b\": {\n    \"c\": 2\n  }\n}\n");
  EXPECT_EQ(set("{\n  a: 1\n}\n", "models[\"x-y\"]", "2"),
            "{\n  a: 1,\n  models: {\n    \"x-y\": 2\n  }\n}\n");
}

TEST(Edit, Lists) {
  EXPECT_EQ(set("{l: [1, 2]}", "l[2]", "3"), "{l: [1, 2, 3]}");
  EXPECT_EQ(set("{l: []}", "l[0]", "'a'"), "{l: [\n  \"a\"\n]}");
  EXPECT_EQ(set("{l: [\n  {id: 'x'}, // x\n]}", "l[1].id", "'y'"),
            "{l: [\n  {id: 'x'}, // x\n  {\n    id: \"y\"\n  },\n]}");
  EXPECT_EQ(set("{l: [1]}", "l[2]", "3"), "error: l is a list of 1: '2' is none of its indexes.");
  EXPECT_EQ(set("{l: [1]}", "l.x", "3"), "error: l is a list of 1: 'x' is none of its indexes.");
}

TEST(Edit, RefusesWhatItCannotDo) {
  EXPECT_EQ(set("{a: 5}", "a.b", "1"),
            "error: a is no object, so it has no 'b'. Set it to an object first.");
  EXPECT_EQ(set("{a: 5", "a", "1"), "error: line 1, column 1: this '{' is not closed");
  EXPECT_FALSE(set_in_text("{}", {}, 1));
}

TEST(Edit, NumbersThatJsonDoesNotKnow) {
  EXPECT_EQ(set("{a: NaN}", "b", "[Infinity, -Infinity, NaN]"),
            "{a: NaN, b: [Infinity, -Infinity, NaN]}");
}

// Random documents with comments everywhere: after an edit every comment is still there, the value
// is set, and nothing else changed (`set_in_text` itself compares the trees).
TEST(EditProperty, CommentsSurviveEveryEdit) {
  std::mt19937 engine(5);
  const auto below = [&engine](std::uint32_t n) { return engine() % n; };
  int comments = 0;
  const auto blank = [&] {
    switch (below(6)) {
      case 0: return std::string(" ");
      case 1: return std::string("\n  ");
      case 2: return fmt::format("/* c{} */", ++comments);
      case 3: return fmt::format(" // c{}\n", ++comments);
      default: return std::string();
    }
  };
  const std::vector<std::string> keys{"a", "b", "'c d'", "\"e\"", "f"};
  const std::function<std::string(int)> make = [&](int depth) -> std::string {
    const auto kind = depth == 0 ? 0 : depth > 3 ? 2 : below(4);
    if (kind > 1) return std::vector<std::string>{"1", "'x}'", "null", "\"//\""}[below(4)];
    std::string out = kind == 0 ? "{" : "[";
    out += blank();
    const auto count = below(4);
    for (std::uint32_t i = 0; i < count; ++i) {
      if (kind == 0) out += keys[below(5)] + blank() + ":" + blank();
      out += make(depth + 1) + blank();
      if (i + 1 < count || below(3) == 0) out += "," + blank();
    }
    return out + (kind == 0 ? "}" : "]");
  };
  const std::vector<KeyPath> paths{{"a"},           {"b"},      {"c d"},    {"new"},   {"a", "b"},
                                   {"e", "f", "g"}, {"a", "0"}, {"b", "1"}, {"f", "a"}};
  int edits = 0;
  for (int round = 0; round < 4000; ++round) {
    comments = 0;
    const auto text = blank() + make(0) + blank();
    ASSERT_TRUE(read_json5(text)) << text;
    const auto& path = paths[below(static_cast<std::uint32_t>(paths.size()))];
    const json::value value =
        below(2) == 0 ? json::value(42) : json::value(json::object{{"k", json::array{1, "x"}}});
    const auto edited = set_in_text(text, path, value);
    if (!edited) {
      ASSERT_EQ(edited.error().code, Errc::conflict) << text << "\n"
                                                     << to_text(path) << "\n"
                                                     << edited.error().detail;
      continue;
    }
    ++edits;
    // Comments inside a value that was replaced go with it; all others stay.
    const auto before = read_json5(text).value();
    const auto* replaced = &before;
    for (const auto& part : path) {
      const auto* next = replaced->kind == Json5Node::Kind::object ? member_of(*replaced, part)
                         : replaced->kind == Json5Node::Kind::list && part.size() == 1 &&
                                 part[0] < static_cast<char>('0' + replaced->items.size()) &&
                                 part[0] >= '0'
                             ? &replaced->items[static_cast<std::size_t>(part[0] - '0')]
                             : nullptr;
      if (next == nullptr) {
        replaced = replaced->kind == Json5Node::Kind::null ? replaced : nullptr;
        break;
      }
      replaced = next;
    }
    for (int c = 1; c <= comments; ++c) {
      const auto mark = fmt::format("c{}", c);
      auto at = std::string::npos;
      for (auto f = text.find(mark); f != std::string::npos; f = text.find(mark, f + 1))
        if (f + mark.size() >= text.size() || text[f + mark.size()] < '0' ||
            text[f + mark.size()] > '9')
          at = f;
      ASSERT_NE(at, std::string::npos);
      if (replaced != nullptr && at >= replaced->begin && at < replaced->end) continue;
      ASSERT_NE(edited->find(mark), std::string::npos) << text << "\n--\n" << *edited;
    }
  }
  EXPECT_GT(edits, 2000);
}

}  // namespace
}  // namespace carapace::config

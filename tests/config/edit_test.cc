#include "config/edit.h"

#include <gtest/gtest.h>

#include <cctype>
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
  EXPECT_EQ(set("{a: {b: 1}}", "a", "{c: [1, 2]}"), "{a: {c: [1, 2]}}");
}

TEST(Edit, InsertsBehindTheLastMemberAndItsComments) {
  EXPECT_EQ(set("{\n  a: 1 // one\n  // end\n}\n", "b", "2"),
            "{\n  a: 1, // one\n  // end\n  b: 2\n}\n");
  EXPECT_EQ(set("{\n\ta: 1, // one\n}\n", "b", "2"), "{\n\ta: 1, // one\n\tb: 2,\n}\n");
  EXPECT_EQ(set("{\n    gateway: {\n        port: 1\n    }\n}", "gateway.bind", "'lan'"),
            "{\n    gateway: {\n        port: 1,\n        bind: \"lan\"\n    }\n}");
  EXPECT_EQ(set("{a: 1}", "b", "2"), "{a: 1, b: 2}");
  EXPECT_EQ(set("{a: 1 /* x */}", "b", "2"), "{a: 1, /* x */ b: 2}");
  EXPECT_EQ(set("{a: 1,}", "b", "2"), "{a: 1, b: 2,}");
  EXPECT_EQ(set("{ a: 1, /* c */ }", "b", "2"), "{ a: 1, /* c */ b: 2, }");
}

TEST(Edit, EmptyObjects) {
  EXPECT_EQ(set("{}", "a", "1"), "{\n  a: 1\n}");
  EXPECT_EQ(set("{\n  a: {}\n}", "a.b", "1"), "{\n  a: {\n    b: 1\n  }\n}");
  EXPECT_EQ(set("{\n  // nothing yet\n}\n", "a", "1"), "{\n  // nothing yet\n  a: 1\n}\n");
  EXPECT_EQ(set("{ /* nothing */ }", "a", "1"), "{ /* nothing */ a: 1 }");
  EXPECT_EQ(set("", "gateway.port", "1"), "{\n  \"gateway\": {\n    \"port\": 1\n  }\n}\n");
  EXPECT_EQ(set(" \n", "a", "1"), "{\n  \"a\": 1\n}\n");
}

TEST(Edit, MakesTheObjectsThatAreMissing) {
  EXPECT_EQ(set("{\n  a: 1\n}\n", "gateway.auth.token", "'t'"),
            "{\n  a: 1,\n  gateway: {\n    auth: {\n      token: \"t\"\n    }\n  }\n}\n");
  EXPECT_EQ(set("{a: null}", "a.b", "1"), "{a: {b: 1}}");
}

TEST(Edit, FollowsTheStyleOfTheFile) {
  EXPECT_EQ(set("{\n  \"a\": 1\n}\n", "b.c", "2"),
            "{\n  \"a\": 1,\n  \"b\": {\n    \"c\": 2\n  }\n}\n");
  EXPECT_EQ(set("{\n  a: 1\n}\n", "models[\"x-y\"]", "2"),
            "{\n  a: 1,\n  models: {\n    \"x-y\": 2\n  }\n}\n");
}

TEST(Edit, WhatIsOnOneLineStaysOnIt) {
  const auto add = [](std::string_view text, std::string_view path = "gateway.auth") {
    return set(text, path, "{mode: 'x', list: [1, {}]}");
  };
  EXPECT_EQ(add("{gateway:{port:1}}"), "{gateway:{port:1,auth:{mode:\"x\",list:[1,{}]}}}");
  EXPECT_EQ(add("{\"gateway\":{}}"), "{\"gateway\":{\"auth\":{\"mode\":\"x\",\"list\":[1,{}]}}}");
  EXPECT_EQ(add("{ gateway: { port: 1 } }"),
            "{ gateway: { port: 1, auth: { mode: \"x\", list: [1, {}] } } }");
  EXPECT_EQ(add("{ gateway: {}, }"), "{ gateway: { auth: { mode: \"x\", list: [1, {}] } }, }");
  EXPECT_EQ(add("{\n  gateway: { port: 1 }, // my port\n}\n"),
            "{\n  gateway: { port: 1, auth: { mode: \"x\", list: [1, {}] } }, // my port\n}\n");
  EXPECT_EQ(add("{\n  gateway: { auth: {a: 1} }\n}\n"),
            "{\n  gateway: { auth: { mode: \"x\", list: [1, {}] } }\n}\n");
  EXPECT_EQ(add("{\n  auth: {a: 1}\n}\n", "auth"), "{\n  auth: {mode: \"x\", list: [1, {}]}\n}\n");
  EXPECT_EQ(add("{gateway: [{a: 1}]}", "gateway[1]"),
            "{gateway: [{a: 1}, {mode: \"x\", list: [1, {}]}]}");
  // An item on a line of its own is followed by such ones, wherever the closing mark is.
  EXPECT_EQ(set("{\n  a: {\n    b: 1 },\n}\n", "a.c", "{d: 1}"),
            "{\n  a: {\n    b: 1,\n    c: {\n      d: 1\n    } },\n}\n");
  const auto longer = std::string(120, 'x');
  EXPECT_EQ(set("{\n  a: [1]\n}\n", "a", fmt::format("{{b: '{}'}}", longer)),
            fmt::format("{{\n  a: {{\n    b: \"{}\"\n  }}\n}}\n", longer));
}

// Of the line ends of JSON5 two are no bytes of ASCII; what follows them is no comment any more.
TEST(Edit, KnowsEveryLineEnd) {
  for (const std::string end : {"\n", "\r", "\r\n", "\xe2\x80\xa8", "\xe2\x80\xa9"}) {
    const auto text = "{a: 1 // x,}" + end + ", b: 2 // y" + end + "}";
    // What stands between a value and its comma goes with it.
    EXPECT_EQ(parse_json5(unset_in_text(text, {"a"}).value()).value(),
              parse_json5("{b: 2}").value());
    EXPECT_TRUE(unset_in_text(text, {"b"}).value().starts_with("{a: 1 // x,}" + end));
    EXPECT_EQ(set(text, "a", "5"), replace_all(text, "a: 1", "a: 5"));
    EXPECT_EQ(parse_json5(set(text, "c", "5")).value(), parse_json5("{a: 1, b: 2, c: 5}").value());
  }
}

TEST(Edit, Lists) {
  EXPECT_EQ(set("{l: [1, 2]}", "l[2]", "3"), "{l: [1, 2, 3]}");
  EXPECT_EQ(set("{l: []}", "l[0]", "'a'"), "{l: [\"a\"]}");
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

// Random documents with comments everywhere, each with a number of its own.
class Documents {
 public:
  explicit Documents(unsigned seed) : engine_(seed) {}

  std::string next() {
    comments_ = 0;
    return blank() + value(0) + blank();
  }
  int comments() const { return comments_; }
  std::uint32_t below(std::size_t n) { return engine_() % static_cast<std::uint32_t>(n); }

 private:
  std::string blank() {
    switch (below(6)) {
      case 0: return " ";
      case 1: return "\n  ";
      case 2: return fmt::format("/* <{}> */", ++comments_);
      case 3: return fmt::format(" // <{}>\n", ++comments_);
      default: return "";
    }
  }
  std::string value(int depth) {
    static const std::vector<std::string> keys{"a", "b", "'c d'", "\"e\"", "f"};
    static const std::vector<std::string> scalars{"1", "'x}'", "null", "\"//\""};
    const auto kind = depth == 0 ? 0 : depth > 3 ? 2 : below(4);
    if (kind > 1) return scalars[below(scalars.size())];
    auto out = (kind == 0 ? "{" : "[") + blank();
    const auto count = below(4);
    for (std::uint32_t i = 0; i < count; ++i) {
      if (kind == 0) out += keys[below(keys.size())] + blank() + ":" + blank();
      out += value(depth + 1) + blank();
      if (i + 1 < count || below(3) == 0) out += "," + blank();
    }
    return out + (kind == 0 ? "}" : "]");
  }

  std::mt19937 engine_;
  int comments_ = 0;
};

// The value that an edit at `path` replaces as a whole; nullptr when it only inserts.
const Json5Node* replaced_by(const Json5Node& root, const KeyPath& path) {
  const auto* at = &root;
  for (const auto& part : path) {
    const Json5Node* next = nullptr;
    if (at->kind == Json5Node::Kind::object) next = member_of(*at, part);
    const auto index = std::isdigit(part.front()) != 0 ? std::stoul(part) : at->items.size();
    if (index < at->items.size()) next = &at->items[index];
    if (next == nullptr) return at->kind == Json5Node::Kind::null ? at : nullptr;
    at = next;
  }
  return at;
}

// After an edit every comment outside of what was replaced is still there; that the value is set
// and nothing else changed `set_in_text` itself has compared.
TEST(EditProperty, CommentsSurviveEveryEdit) {
  const std::vector<KeyPath> paths{{"a"},           {"b"},      {"c d"},    {"new"},   {"a", "b"},
                                   {"e", "f", "g"}, {"a", "0"}, {"b", "1"}, {"f", "a"}};
  Documents documents(5);
  int edits = 0;
  for (int round = 0; round < 4000; ++round) {
    const auto text = documents.next();
    const auto before = read_json5(text);
    ASSERT_TRUE(before) << text;
    const auto& path = paths[documents.below(paths.size())];
    const auto value = round % 2 == 0 ? json::value(42) : json::value(json::object{{"k", "x"}});
    const auto edited = set_in_text(text, path, value);
    if (!edited) {
      ASSERT_EQ(edited.error().code, Errc::conflict) << text << "\n" << edited.error().detail;
      continue;
    }
    ++edits;
    const auto* replaced = replaced_by(*before, path);
    for (int number = 1; number <= documents.comments(); ++number) {
      const auto mark = fmt::format("<{}>", number);
      const auto at = text.find(mark);
      if (replaced != nullptr && at >= replaced->begin && at < replaced->end) continue;
      ASSERT_NE(edited->find(mark), std::string::npos) << text << "\n--\n" << *edited;
    }
  }
  EXPECT_GT(edits, 2000);
}

}  // namespace
}  // namespace carapace::config

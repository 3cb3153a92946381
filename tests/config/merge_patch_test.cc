#include "config/write/merge_patch.h"

#include <gtest/gtest.h>

#include <random>

#include "base/json.h"
#include "base/text.h"
#include "config/edit.h"
#include "config/json5.h"
#include "config/text/same_tree.h"

namespace carapace::config {
namespace {

std::string patched(std::string_view text, std::string_view patch) {
  const auto tree = trim(text).empty() ? json::value(json::object()) : parse_json5(text).value();
  const auto out = merge_patch_in_text(text, tree, parse_json5(patch).value());
  return out ? *out : "error: " + out.error().detail;
}

// The examples of RFC 7396, appendix A.
TEST(MergePatch, SpeaksTheStandard) {
  const std::vector<std::array<std::string_view, 3>> cases{
      {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
      {R"({"a":"b"})", R"({"a":null})", "{}"},
      {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
      {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
      {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
      {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
      {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
      {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
      {R"({"a":"b"})", R"(["c"])", R"(["c"])"},
      {R"({"a":"foo"})", "null", "null"},
      {R"({"a":"foo"})", R"("bar")", R"("bar")"},
      {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
      {"[1,2]", R"({"a":"b","c":null})", R"({"a":"b"})"},
      {"{}", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"}};
  for (const auto& [target, patch, want] : cases)
    EXPECT_EQ(dump_json(merge_patch(parse_json(target).value(), parse_json(patch).value())), want)
        << target << " + " << patch;
}

TEST(MergePatch, KeepsEveryByteThatItDoesNotName) {
  EXPECT_EQ(patched("// mine\n{\n  a: 0x10, // hex\n  'b': 'x', /* b */\n  c: {d: 1, e: 2},\n}\n",
                    "{c: {d: 5}}"),
            "// mine\n{\n  a: 0x10, // hex\n  'b': 'x', /* b */\n  c: {d: 5, e: 2},\n}\n");
  EXPECT_EQ(patched("{\n  a: 1, // one\n  b: 2, // two\n  c: 3 // three\n}\n", "{b: null}"),
            "{\n  a: 1, // one\n  c: 3 // three\n}\n");
  EXPECT_EQ(patched("{\n  a: 1, // one\n  b: 2\n}\n", "{b: null}"), "{\n  a: 1 // one\n}\n");
  EXPECT_EQ(patched("{a: 1, b: 2}", "{a: null}"), "{b: 2}");
  EXPECT_EQ(patched("{a: 1, b: 2}", "{b: null}"), "{a: 1}");
  EXPECT_EQ(patched("{a: 1, b: 2}", "{a: null, b: null}"), "{}");
  EXPECT_EQ(patched("{a: 1, b: 2}", "{b: null, c: 3}"), "{a: 1, c: 3}");
  EXPECT_EQ(patched("{\"a\": 1,\r\n  \"b\": 2\r\n}\r\n", "{c: {d: 1}}"),
            "{\"a\": 1,\r\n  \"b\": 2,\r\n  \"c\": {\r\n    \"d\": 1\r\n  }\r\n}\r\n");
}

TEST(MergePatch, ChangesNothingWhereTheValueIsThere) {
  const std::string text = "{a: 0x10, b: {c: 'x', d: [1, 2.0]}, e: +.5}";
  EXPECT_EQ(patched(text, "{a: 16, b: {c: \"x\", d: [1, 2], n: null}, e: 0.5}"), text);
  EXPECT_EQ(patched(text, "{}"), text);
}

TEST(MergePatch, TakesAllMembersOfOneNameOut) {
  EXPECT_EQ(patched("{a: 1, b: 2, a: 3}", "{a: null}"), "{b: 2}");
  EXPECT_EQ(patched("{a: 1, b: 2, a: 3}", "{a: 4}"), "{a: 1, b: 2, a: 4}");
}

TEST(MergePatch, MakesANewDocument) {
  EXPECT_EQ(patched("", "{a: {b: 1, c: null}}"), "{\n  \"a\": {\n    \"b\": 1\n  }\n}\n");
}

TEST(MergePatch, NumbersThatJsonDoesNotKnow) {
  EXPECT_EQ(patched("{a: NaN, b: -Infinity}", "{a: NaN, b: Infinity}"), "{a: NaN, b: Infinity}");
}

// What an included file holds is written as a sibling, and only what differs of it.
TEST(MergePatch, WritesOverWhatIsIncluded) {
  const auto merged = parse_json5("{a: {b: 1, c: {d: 2, e: [1]}}, z: 1}").value();
  const auto out = merge_patch_in_text("{\n  $include: 'x', // base\n  z: 1,\n}\n", merged,
                                       parse_json5("{a: {b: 1, c: {d: 3}}}").value());
  ASSERT_TRUE(out);
  EXPECT_EQ(*out,
            "{\n  $include: 'x', // base\n  z: 1,\n  a: {\n    c: {\n      d: 3\n    }\n  },\n}\n");
}

// Random trees, spelled in all the ways of JSON5 and with comments everywhere.
class Spelling {
 public:
  explicit Spelling(unsigned seed) : engine_(seed) {}

  std::uint32_t below(std::size_t n) { return engine_() % static_cast<std::uint32_t>(n); }

  json::value tree(int depth, bool with_null) {
    switch (depth == 0 ? 0 : depth > 3 ? 2 + below(5) : below(8)) {
      case 0:
      case 1: {
        json::object out;
        for (auto i = below(5); i > 0; --i) out[key()] = tree(depth + 1, with_null);
        return out;
      }
      case 2: return static_cast<std::int64_t>(below(3)) - 1;
      case 3: return with_null ? json::value(nullptr) : json::value(true);
      case 4: return json::string("it's \"}//\"\n");
      case 5: return 1.5;
      case 6: return json::string("${X}");
      default: {
        json::array out;
        for (auto i = below(3); i > 0; --i) out.push_back(tree(depth + 1, with_null));
        return out;
      }
    }
  }
  std::string text(const json::value& value) {
    std::string out;
    if (const auto* object = value.if_object()) {
      out = "{" + gap();
      std::size_t left = object->size();
      for (const auto& member : *object) {
        const std::string name(member.key());
        out += (is_plain_key(name) && below(2) == 0 ? name : dump_json(json::value(name))) + gap() +
               ":" + gap() + text(member.value()) + gap();
        if (--left > 0 || below(3) == 0) out += "," + gap();
      }
      return out + "}";
    }
    if (const auto* list = value.if_array()) {
      out = "[" + gap();
      for (std::size_t i = 0; i < list->size(); ++i)
        out += text((*list)[i]) + gap() +
               (i + 1 < list->size() || below(3) == 0 ? "," + gap() : std::string());
      return out + "]";
    }
    if (value.is_int64() && value.get_int64() >= 0 && below(2) == 0)
      return fmt::format("+0x{:x}", value.get_int64());
    return dump_json(value);
  }

 private:
  std::string key() {
    constexpr std::string_view kKeys[] = {"a", "b", "c", "d e", "é", "__proto__", "constructor"};
    return std::string(kKeys[below(std::size(kKeys))]);
  }
  std::string gap() {
    switch (below(7)) {
      case 0: return " ";
      case 1: return "\n    ";
      case 2: return fmt::format("/* {} */", ++comments_);
      case 3: return fmt::format("// {}\n", ++comments_);
      case 4: return "\r\n";
      default: return "";
    }
  }

  std::mt19937 engine_;
  int comments_ = 0;
};

TEST(MergePatchProperty, TheTextSaysWhatTheTreeSays) {
  Spelling spelling(7);
  int changed = 0;
  for (int round = 0; round < 20'000; ++round) {
    const auto before = spelling.tree(0, true);
    const auto patch = spelling.tree(0, true);
    const auto text = spelling.text(before);
    const auto after = merge_patch_in_text(text, parse_json5(text).value(), patch);
    ASSERT_TRUE(after) << text << "\n" << dump_json(patch);
    const auto again = parse_json5(*after);
    ASSERT_TRUE(again) << text << "\n" << dump_json(patch) << "\n" << *after;
    const auto want = merge_patch(before, patch);
    ASSERT_TRUE(same_tree(*again, want)) << text << "\n" << dump_json(patch) << "\n" << *after;
    changed += *after != text ? 1 : 0;
    // Twice is once.
    ASSERT_EQ(merge_patch_in_text(*after, *again, patch).value(), *after);
  }
  EXPECT_GT(changed, 10'000);
}

TEST(UnsetProperty, TheRestStays) {
  Spelling spelling(11);
  int removed = 0;
  for (int round = 0; round < 10'000; ++round) {
    const auto before = spelling.tree(0, true);
    const auto text = spelling.text(before);
    constexpr std::string_view kParts[] = {"a", "b", "c", "d e", "0", "1"};
    KeyPath path;
    for (auto i = 1 + spelling.below(3); i > 0; --i)
      path.emplace_back(kParts[spelling.below(std::size(kParts))]);
    const auto after = unset_in_text(text, path);
    auto want = before;
    ASSERT_EQ(after.has_value(), unset_in_tree(want, path)) << text << "\n" << to_text(path);
    if (!after) {
      ASSERT_EQ(after.error().code, Errc::not_found) << after.error().detail;
      continue;
    }
    ++removed;
    ASSERT_TRUE(same_tree(parse_json5(*after).value(), want)) << text << "\n" << *after;
  }
  EXPECT_GT(removed, 400);
}

TEST(Unset, TakesTheLineAlong) {
  const auto unset = [](std::string_view text, std::string_view path) {
    const auto out = unset_in_text(text, parse_key_path(path).value());
    return out ? *out : "error: " + out.error().detail;
  };
  EXPECT_EQ(unset("{\n  // the port\n  port: 1, // one\n  bind: 'lan',\n}\n", "port"),
            "{\n  // the port\n  bind: 'lan',\n}\n");
  EXPECT_EQ(unset("{l: [1, 2, 3]}", "l[1]"), "{l: [1, 3]}");
  EXPECT_EQ(unset("{l: [1, 2, 3]}", "l[2]"), "{l: [1, 2]}");
  EXPECT_EQ(unset("{a: {b: 1}}", "a.b"), "{a: {}}");
  EXPECT_EQ(unset("{a: 1}", "b"), "error: b is not set");
  EXPECT_EQ(unset("{a: [1]}", "a[1]"), "error: a[1] is not set");
  EXPECT_EQ(unset("", "a"), "error: a is not set");
}

}  // namespace
}  // namespace carapace::config

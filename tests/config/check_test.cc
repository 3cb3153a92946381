// What the rows say about odd and huge trees, and in the words of protocol 3 (those of zod 4).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "base/json.h"
#include "base/make_row.h"
#include "config/check/value.h"
#include "config/defaults.h"
#include "config/json5.h"
#include "config/schema.h"

namespace carapace::config {
namespace {

using namespace make_row;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::array kRows{
    filled(whole("gateway.port", 1, 65535, "Port.", "18789")),
    choice("gateway.bind", "a|b", "Bind."),
    secret("gateway.auth.token", "Token."),
    texts("gateway.origins", "Origins."),
    number("n.share", 0, 1, "Share."),
    number("n.positive", kAboveZero, kMost, "Positive."),
    whole("n.count", 0, kMost, "Count."),
    whole("n.some", 2, 9, "Some."),
    sized(text("t.name", "Name."), 1, 5),
    sized(texts("t.list", "List."), 1, 2),
    duration("t.every", "Every."),
    of(FieldType::color, "t.color", "Color."),
    or_else(choice("t.native", "auto", "Native."), FieldType::boolean),
    or_else(of(FieldType::object, "t.model", "Model."), FieldType::text),
    text("t.model.primary", "Model."),
    map("maps.free", "Anything."),
    map("maps.texts", "Texts."),
    text("maps.texts.*", "A text."),
    secret_map("maps.hidden", "Hidden."),
    objects("items", "Items."),
    text("items.*.id", "Id."),
    secret("items.*.keys.*", "A key."),
    of(FieldType::list, "ids", "Ids."),
    or_else(text("ids.*", "An id."), FieldType::number),
    of(FieldType::any, "any", "Anything."),
    flag("on", "Is it on?"),
};

class CheckTest : public ::testing::Test {
 protected:
  std::vector<std::string> wire(std::string_view text) {
    std::vector<std::string> out;
    for (const auto& one : wire_issues(schema_.validate(parse_json5(text).value())))
      out.push_back(one.path + ": " + one.message);
    return out;
  }
  std::string only(std::string_view text) {
    const auto all = wire(text);
    return all.size() == 1 ? all.front() : fmt::format("{} issues", all.size());
  }
  std::string ours(std::string_view text) {
    const auto all = schema_.validate(parse_json5(text).value());
    return all.size() == 1 ? to_text(all.front()) : fmt::format("{} issues", all.size());
  }
  std::string masked(std::string_view text) {
    return dump_json(redacted(parse_json5(text).value(), schema_, "MASK"));
  }

  Schema schema_{std::span<const FieldRow>(kRows)};
};

// A file may come from a program that asks for less, so it is only said; a change is refused.
TEST(CheckRequired, SaysWhatIsMissing) {
  using namespace make_row;
  static constexpr std::array kNamed{objects("list", "Things."),
                                     required(text("list.*.id", "Name.")),
                                     text("list.*.note", "Note.")};
  const Schema schema{std::span<const FieldRow>(kNamed)};
  for (const auto* fine : {"{}", "{list: []}", "{list: [{id: ''}]}", "{list: null}"})
    EXPECT_TRUE(schema.validate(parse_json5(fine).value()).empty()) << fine;
  for (const auto* wrong : {"{list: [{}]}", "{list: [{id: null, note: 'n'}]}"}) {
    const auto all = schema.validate(parse_json5(wrong).value());
    ASSERT_EQ(all.size(), 1U) << wrong;
    EXPECT_TRUE(all[0].missing_key);
    EXPECT_EQ(all[0].severity, Severity::warning);
    EXPECT_EQ(all[0].path, "list[0].id");
    EXPECT_EQ(all[0].wire_path, "list.0.id");
    EXPECT_EQ(all[0].wire, "Invalid input: expected string, received undefined");
  }
}

TEST(CheckAnyRow, LetsNamesDecideWhereItStandsForAllOfThem) {
  using namespace make_row;
  static constexpr std::array kWide{of(FieldType::any, "meta.*", "Notes."),
                                    of(FieldType::any, "token", "Not secret, by its own row."),
                                    text("named.*", "Texts that are no secrets.")};
  const Schema schema{std::span<const FieldRow>(kWide)};
  const auto tree = parse_json5("{meta: {token: 'a', note: 'b'}, token: 'c', named: {token: 'd'}}");
  EXPECT_EQ(dump_json(redacted(tree.value(), schema, "MASK")),
            R"({"meta":{"token":"MASK","note":"b"},"token":"c","named":{"token":"d"}})");
  EXPECT_TRUE(schema.is_secret({"meta", "token"}));
  EXPECT_FALSE(schema.is_secret({"meta", "note"}));
  EXPECT_FALSE(schema.is_secret({"token"}));
  EXPECT_FALSE(schema.is_secret({"named", "token"}));
}

TEST_F(CheckTest, UnknownKeysInTheAncestorsWords) {
  EXPECT_EQ(only("{bogusKey: 1}"), ": Unrecognized key: \"bogusKey\"");
  EXPECT_EQ(only("{a: 1, b: 2}"), ": Unrecognized keys: \"a\", \"b\"");
  EXPECT_EQ(only("{gateway: {x: 1, auth: {}, y: {z: 1}}}"),
            "gateway: Unrecognized keys: \"x\", \"y\"");
  EXPECT_EQ(only("{items: [{id: 'a'}, {bogus: 1}]}"), "items.1: Unrecognized key: \"bogus\"");
  // What lies inside comes before the object's own unknown keys.
  EXPECT_THAT(wire("{zz: 1, gateway: {y: 1, port: 'x'}}"),
              ElementsAre("gateway.port: Invalid input: expected number, received string",
                          "gateway: Unrecognized key: \"y\"", ": Unrecognized key: \"zz\""));
  for (const auto& issue : schema_.validate(parse_json5("{zz: 1, gateway: {y: 1}}").value())) {
    EXPECT_TRUE(issue.unknown_key);
    EXPECT_EQ(issue.severity, Severity::warning);
  }
}

TEST_F(CheckTest, TypesAndBoundsInTheAncestorsWords) {
  const std::pair<const char*, const char*> cases[] = {
      {"{gateway: {port: 'x'}}", "gateway.port: Invalid input: expected number, received string"},
      {"{gateway: {port: true}}", "gateway.port: Invalid input: expected number, received boolean"},
      {"{gateway: {port: 1.5}}", "gateway.port: Invalid input: expected int, received number"},
      {"{gateway: {port: 1e300}}", "gateway.port: Too big: expected int to be <=9007199254740991"},
      {"{gateway: {port: NaN}}", "gateway.port: Invalid input: expected number, received NaN"},
      {"{gateway: {port: -Infinity}}",
       "gateway.port: Invalid input: expected number, received Infinity"},
      {"{gateway: {port: 0}}", "gateway.port: Too small: expected number to be >0"},
      {"{gateway: {port: 65536}}", "gateway.port: Too big: expected number to be <=65535"},
      {"{gateway: {bind: 'c'}}", "gateway.bind: Invalid option: expected one of \"a\"|\"b\""},
      {"{gateway: {bind: 1}}", "gateway.bind: Invalid option: expected one of \"a\"|\"b\""},
      {"{gateway: {auth: 5}}", "gateway.auth: Invalid input: expected object, received number"},
      {"{gateway: [1]}", "gateway: Invalid input: expected object, received array"},
      {"{gateway: {origins: 'a'}}",
       "gateway.origins: Invalid input: expected array, received string"},
      {"{gateway: {origins: ['a', {}]}}",
       "gateway.origins.1: Invalid input: expected string, received object"},
      {"{n: {share: 1.1}}", "n.share: Too big: expected number to be <=1"},
      {"{n: {share: -1}}", "n.share: Too small: expected number to be >=0"},
      {"{n: {positive: 0}}", "n.positive: Too small: expected number to be >0"},
      {"{n: {count: -1}}", "n.count: Too small: expected number to be >=0"},
      {"{n: {some: 1}}", "n.some: Too small: expected number to be >=2"},
      {"{t: {name: ''}}", "t.name: Too small: expected string to have >=1 characters"},
      {"{t: {name: 'sixsix'}}", "t.name: Too big: expected string to have <=5 characters"},
      {"{t: {list: []}}", "t.list: Too small: expected array to have >=1 items"},
      {"{t: {list: ['a', 'b', 'c']}}", "t.list: Too big: expected array to have <=2 items"},
      {"{t: {every: 'soon'}}", "t.every: invalid duration (use ms, s, m, h)"},
      {"{t: {color: 'red'}}", "t.color: expected hex color (RRGGBB)"},
      {"{t: {native: 'x'}}", "t.native: Invalid input"},
      {"{t: {native: 5}}", "t.native: Invalid input"},
      {"{t: {model: 5}}", "t.model: Invalid input"},
      {"{maps: {texts: []}}", "maps.texts: Invalid input: expected record, received array"},
      {"{maps: {texts: {x: 1}}}", "maps.texts.x: Invalid input: expected string, received number"},
      {"{items: {}}", "items: Invalid input: expected array, received object"},
      {"{items: [1]}", "items.0: Invalid input: expected object, received number"},
      {"{ids: [1, 'a', {}]}", "ids.2: Invalid input"},
      {"[]", ": Invalid input: expected object, received array"},
  };
  for (const auto& [text, said] : cases) EXPECT_EQ(only(text), said) << text;
  EXPECT_THAT(
      wire(
          "{t: {name: '\u00fc\u00fc\u00fc\u00fc\u00fc', native: true, model: 'a', every: '1h 30m', "
          "color: '1a2B3c', list: ['x']}, any: [[{}]], ids: [1], maps: {free: {a: {b: 1}}}}"),
      IsEmpty());
  EXPECT_THAT(wire("{t: {name: '${LONG_NAME_OF_A_VARIABLE}', model: {primary: 'x'}}}"), IsEmpty());
  EXPECT_EQ(ours("{n: {positive: 0}}"), "n.positive: must be more than 0, not 0.");
  EXPECT_EQ(ours("{n: {count: -1}}"), "n.count: must be at least 0, not -1.");
  EXPECT_EQ(ours("{t: {native: 5}}"), "t.native: must be text or true or false, not a number.");
}

TEST_F(CheckTest, Durations) {
  for (const auto* good : {"30m", "1h30m", "1.5h", "90", "0", "250ms", " 2 H ", "1d 2h", "0m"})
    EXPECT_TRUE(is_duration(good)) << good;
  for (const auto* bad :
       {"", " ", "m", "-5m", "1x", "1..5h", ".", ".5h", "5.", "1 hour", "30m!", "\u0663m", "1e3s"})
    EXPECT_FALSE(is_duration(bad)) << bad;
}

TEST_F(CheckTest, OddKeysAreKeysLikeOthers) {
  const auto odd = parse_json5(
                       R"({"__proto__": 1, "": 2, ".": 3, "a.b": 4, "ä": 5, "*": 6, maps: {texts:
                           {"__proto__": "x", "": "y", ".": "z", "*": "s", "a[0]": 1}}})")
                       .value();
  std::vector<std::string> paths;
  for (const auto& issue : schema_.validate(odd)) paths.push_back(issue.path);
  EXPECT_THAT(paths, ElementsAre(R"(maps.texts["a[0]"])", "__proto__", R"([""])", R"(["."])",
                                 R"(["a.b"])", "ä", "*"));
  EXPECT_TRUE(schema_.known({"maps", "texts", ""}));
  EXPECT_TRUE(schema_.known({"maps", "texts", "*"}));
  EXPECT_TRUE(schema_.known({"maps", "free", "", ".", "*", "x"}));
  EXPECT_FALSE(schema_.known({""}));
  EXPECT_FALSE(schema_.known({"*"}));
  EXPECT_FALSE(schema_.known({"gateway", "port", "x"}));
  EXPECT_EQ(with_defaults(odd, schema_).at("a.b"), 4);
}

json::value deep_tree(std::size_t depth, std::string_view key) {
  json::value tree = "leaf";
  for (std::size_t i = 0; i < depth; ++i) {
    json::object around;
    around[key] = std::move(tree);
    tree = std::move(around);
  }
  return tree;
}

TEST_F(CheckTest, DepthIsNoMatter) {
  for (const auto* key : {"maps", "gateway", "any", "token", "bogus", "*"}) {
    const auto tree = deep_tree(10'000, key);
    (void)schema_.validate(tree);
    const auto shown = redacted(tree, schema_);
    const auto* at = &shown;
    while (const auto* object = at->if_object()) at = &object->begin()->value();
    EXPECT_EQ(*at, key == std::string_view("token") ? "***" : "leaf") << key;
    EXPECT_TRUE(with_defaults(tree, schema_).is_object());
  }
  KeyPath path(10'000, "maps");
  path[1] = "free";
  EXPECT_TRUE(schema_.known(path));
  EXPECT_FALSE(schema_.is_secret(path));
  EXPECT_EQ(schema_.row(path), nullptr);
  EXPECT_EQ(schema_.suggestion(KeyPath(10'000, "x")), std::nullopt);
}

TEST_F(CheckTest, ManyUnknownKeysAreReportedOnceInOneRecord) {
  json::object tree;
  for (int i = 0; i < 50'000; ++i) tree[fmt::format("key{}", i)] = i;
  const auto issues = schema_.validate(tree);
  EXPECT_EQ(issues.size(), 50'000U);
  const auto records = wire_issues(issues);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_TRUE(records.front().message.starts_with("Unrecognized keys: \"key0\", \"key1\", "));
}

TEST_F(CheckTest, RedactionReachesEverySecret) {
  EXPECT_EQ(
      masked("{items: [{id: 'a', keys: {x: 's', y: ['t', 5]}}, {keys: {z: '${REF}'}}]}"),
      R"({"items":[{"id":"a","keys":{"x":"MASK","y":["MASK",null]}},{"keys":{"z":"${REF}"}}]})");
  EXPECT_EQ(
      masked("{maps: {hidden: {a: {b: 'c'}, n: 1, on: true}, free: {password: 'p', x: 'y'}}}"),
      R"({"maps":{"hidden":{"a":{"b":"MASK"},"n":null,"on":true},)"
      R"("free":{"password":"MASK","x":"y"}}})");
  EXPECT_EQ(masked("{bogus: {deep: [{apiKey: 'k', list: [{token: 't'}]}]}}"),
            R"({"bogus":{"deep":[{"apiKey":"MASK","list":[{"token":"MASK"}]}]}})");
  EXPECT_EQ(
      masked("{t: {name: 'postgres://joe:hunter22@db/x'}, any: 'http://a:b@c/?token=abcdefgh'}"),
      R"({"t":{"name":"postgres://joe:***@db/x"},"any":"http://a:***@c/?token=***"})");
}

// The nearest name is asked for, an index under a `*` is found, the first row of a path counts.
TEST_F(CheckTest, LookUps) {
  EXPECT_EQ(schema_.row({"items", "3", "keys", "any"})->path, "items.*.keys.*");
  EXPECT_EQ(schema_.suggestion({"gateway", "auth", "tokn"}), "gateway.auth.token");
  constexpr std::array twice{text("a.b", "First."), text("a.b", "Second."), text("a-b.c", "Other."),
                             text("a", "Around.")};
  const Schema schema{std::span<const FieldRow>(twice)};
  EXPECT_EQ(schema.row({"a", "b"})->description, "First.");
  EXPECT_EQ(schema.row({"a"})->description, "Around.");
  EXPECT_EQ(schema.row({"a-b", "c"})->description, "Other.");
  EXPECT_EQ(schema.row({"a", "c"}), nullptr);
}

TEST(Rules, BetweenKeys) {
  constexpr std::array kWide{
      of(FieldType::any, "agents", "Any."), of(FieldType::any, "browser", "Any."),
      of(FieldType::any, "routes", "Any."), map("channels.mail", "A channel.")};
  const Schema schema{std::span<const FieldRow>(kWide)};
  const auto told = [&](std::string_view text) {
    std::vector<std::string> out;
    for (const auto& issue : schema.validate(parse_json5(text).value())) {
      EXPECT_EQ(issue.severity, Severity::warning);
      out.push_back(issue.path);
    }
    return out;
  };
  EXPECT_THAT(told("{agents: {list: [{id: 'a', agentDir: '/x'}, {id: 'b', agentDir: '/y'}, 7,"
                   "{id: 'c', agentDir: '/x'}]}}"),
              ElementsAre("agents.list[3].agentDir"));
  EXPECT_THAT(told("{agents: {defaults: {heartbeat: {target: 'post'}},"
                   "list: [{heartbeat: {target: 'mail'}}, {heartbeat: {target: 'last'}}, "
                   "{heartbeat: {target: ''}}]}}"),
              ElementsAre("agents.defaults.heartbeat.target"));
  EXPECT_THAT(told("{agents: {list: [{identity: {avatar: 'a/../b.png'}}, {identity: {avatar: "
                   "'a/../../b.png'}},"
                   "{identity: {avatar: 'https://example.org/../a.png'}}]}}"),
              ElementsAre("agents.list[1].identity.avatar"));
  EXPECT_THAT(told("{browser: {profiles: {'my-1': {cdpPort: 1}, far: {cdpUrl: 'u'}, none: {}, 'No "
                   "Name': {cdpPort: 2}}}}"),
              ElementsAre("browser.profiles.none", "browser.profiles.No Name"));
  EXPECT_THAT(told("{routes: {fast: {}, '1st': {}, Big: {}}}"),
              ElementsAre("routes.1st", "routes.Big"));
  EXPECT_THAT(told("{agents: 7, browser: {profiles: []}, routes: null}"), IsEmpty());
}

}  // namespace
}  // namespace carapace::config

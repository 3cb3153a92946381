// Parameter violations in the validator's words and order.
#include "rpc/params.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace carapace::rpc {
namespace {

std::string check(const ParamSchema& schema, std::string_view text) {
  const auto value = parse_json(text);
  EXPECT_TRUE(value) << text;
  return check_params(schema, &*value);
}

constexpr ParamRow kTail[] = {
    {.name = "cursor", .type = ParamType::integer, .min = 0},
    {.name = "limit", .type = ParamType::integer, .min = 1, .max = 5000},
    {.name = "maxBytes", .type = ParamType::integer, .min = 1, .max = 1'000'000},
};
constexpr ParamRow kSend[] = {
    {.name = "sessionKey", .required = true, .min = 1},
    {.name = "message", .required = true},
    {.name = "idempotencyKey", .required = true, .min = 1},
};
constexpr ParamSchema kTailSchema{kTail};
constexpr ParamSchema kSendSchema{kSend};
constexpr ParamSchema kNothing{};

// Recorded: logs.tail and chat.send with parameters of wrong types.
TEST(CheckParams, recorded_texts) {
  EXPECT_EQ(check(kTailSchema, R"({"id":1,"key":1,"limit":"x","text":1})"),
            "at root: unexpected property 'id'; at root: unexpected property 'key'; at root: "
            "unexpected property "
            "'text'; at /limit: must be integer");
  EXPECT_EQ(check(kSendSchema, "{}"),
            "must have required property 'sessionKey'; must have required property 'message'; must "
            "have required "
            "property 'idempotencyKey'");
  EXPECT_EQ(check(kSendSchema, R"({"id":1,"sessionKey":1,"message":1})"),
            "must have required property 'idempotencyKey'; at root: unexpected property 'id'; at "
            "/sessionKey: must be "
            "string; at /message: must be string");
  EXPECT_EQ(check(kNothing, R"({"__bogus":1})"), "at root: unexpected property '__bogus'");
}

TEST(CheckParams, what_is_no_object) {
  for (const auto* text : {"[]", "\"str\"", "1", "null", "true"})
    EXPECT_EQ(check(kNothing, text), "must be object");
  EXPECT_EQ(check_params(kNothing, nullptr), "must be object");
  EXPECT_EQ(check(kAnyParams, "[]"), "");
  EXPECT_EQ(check_params(kAnyParams, nullptr), "");
}

TEST(CheckParams, numbers_have_bounds_and_integers_are_whole) {
  EXPECT_EQ(check(kTailSchema, R"({"cursor":0,"limit":5000,"maxBytes":1.0})"), "");
  EXPECT_EQ(check(kTailSchema, R"({"limit":0})"), "at /limit: must be >= 1");
  EXPECT_EQ(check(kTailSchema, R"({"limit":5001})"), "at /limit: must be <= 5000");
  EXPECT_EQ(check(kTailSchema, R"({"limit":0.5})"),
            "at /limit: must be integer; at /limit: must be >= 1");
  EXPECT_EQ(check(kTailSchema, R"({"cursor":-1})"), "at /cursor: must be >= 0");
  EXPECT_EQ(check(kTailSchema, R"({"cursor":true})"), "at /cursor: must be integer");
}

TEST(CheckParams, texts_are_counted_in_characters) {
  constexpr ParamRow rows[] = {{.name = "label", .min = 2, .max = 3}};
  EXPECT_EQ(check({rows}, R"({"label":"ééé"})"), "");
  EXPECT_EQ(check({rows}, R"({"label":"éééé"})"),
            "at /label: must NOT have more than 3 characters");
  EXPECT_EQ(check({rows}, R"({"label":"é"})"), "at /label: must NOT have fewer than 2 characters");
}

TEST(CheckParams, nullable_is_a_union) {
  constexpr ParamRow rows[] = {
      {.name = "label", .nullable = true, .min = 1},
      {.name = "sendPolicy", .type = ParamType::choice, .nullable = true, .one_of = "allow|deny"}};
  EXPECT_EQ(check({rows}, R"({"label":null,"sendPolicy":null})"), "");
  EXPECT_EQ(check({rows}, R"({"label":"x","sendPolicy":"deny"})"), "");
  EXPECT_EQ(check({rows}, R"({"label":1})"),
            "at /label: must be string; at /label: must be null; at /label: must match a schema in "
            "anyOf");
  EXPECT_EQ(check({rows}, R"({"sendPolicy":"perhaps"})"),
            "at /sendPolicy: must be equal to constant; at /sendPolicy: must be null; at "
            "/sendPolicy: must match a "
            "schema in anyOf");
}

// Recorded: client.id and sendPolicy of another type than text.
TEST(CheckParams, a_choice_of_another_type_is_no_text_either) {
  constexpr ParamRow rows[] = {
      {.name = "mode", .type = ParamType::choice, .one_of = "cli|ui"},
      {.name = "kind", .type = ParamType::constant, .one_of = "req"},
      {.name = "sendPolicy", .type = ParamType::choice, .nullable = true, .one_of = "allow|deny"}};
  EXPECT_EQ(check({rows}, R"({"mode":5})"),
            "at /mode: must be string; at /mode: must be equal to constant; at /mode: must match a "
            "schema in anyOf");
  EXPECT_EQ(check({rows}, R"({"kind":null})"),
            "at /kind: must be string; at /kind: must be equal to constant");
  EXPECT_EQ(check({rows}, R"({"sendPolicy":[]})"),
            "at /sendPolicy: must be string; at /sendPolicy: must be equal to constant; at "
            "/sendPolicy: must be null; at /sendPolicy: must match a schema in anyOf");
}

TEST(CheckParams, a_name_is_told_whole_unless_it_is_very_long) {
  const std::string name(100, 'k');
  EXPECT_EQ(check(kNothing, "{\"" + name + "\":1}"), "at root: unexpected property '" + name + "'");
}

TEST(CheckParams, arrays_objects_and_flags) {
  static constexpr ParamRow inner[] = {{.name = "a", .required = true, .min = 1}};
  constexpr ParamRow rows[] = {
      {.name = "keys", .type = ParamType::texts, .min = 1, .max = 2, .item_min = 1},
      {.name = "deep", .type = ParamType::object, .fields = inner, .field_count = 1},
      {.name = "flags", .type = ParamType::flags},
      {.name = "list", .type = ParamType::list},
  };
  EXPECT_EQ(check({rows}, R"({"keys":["a"],"deep":{"a":"b"},"flags":{"x":true},"list":[1,{}]})"),
            "");
  EXPECT_EQ(check({rows}, R"({"keys":[]})"), "at /keys: must NOT have fewer than 1 items");
  EXPECT_EQ(check({rows}, R"({"keys":["a","b","c"]})"),
            "at /keys: must NOT have more than 2 items");
  EXPECT_EQ(check({rows}, R"({"keys":["",1]})"),
            "at /keys/0: must NOT have fewer than 1 characters; at /keys/1: must be string");
  EXPECT_EQ(check({rows}, R"({"keys":"a"})"), "at /keys: must be array");
  EXPECT_EQ(check({rows}, R"({"deep":{"b":1}})"),
            "at /deep: must have required property 'a'; at /deep: unexpected property 'b'");
  EXPECT_EQ(check({rows}, R"({"deep":[]})"), "at /deep: must be object");
  EXPECT_EQ(check({rows}, R"({"flags":{"a/b":1}})"), "at /flags/a~1b: must be boolean");
}

TEST(CheckParams, a_flood_of_violations_stays_short) {
  std::string text = "{";
  for (int i = 0; i < 20'000; ++i) text += "\"p" + std::to_string(i) + "\":1,";
  text.back() = '}';
  EXPECT_LT(check(kNothing, text).size(), 10'000U);
  const auto long_name = check(kNothing, "{\"" + std::string(100'000, 'x') + "\":1}");
  EXPECT_LT(long_name.size(), 500U);
}

}  // namespace
}  // namespace carapace::rpc

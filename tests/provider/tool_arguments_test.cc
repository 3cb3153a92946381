#include "provider/tool_arguments.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace carapace::provider {
namespace {

struct Case {
  const char* raw;
  const char* mended;  // null: malformed
};

TEST(ToolArguments, MendsOnlyWhatHasOneReading) {
  const Case cases[] = {
      {"", "{}"},
      {"  \n", "{}"},
      {"null", "{}"},
      {"\"null\"", "{}"},
      {"\"\"", "{}"},
      {"{}", "{}"},
      {R"({"a": 1})", R"({"a": 1})"},
      {R"({"a":1}{"a":1})", R"({"a":1})"},
      {R"({"a":1}{ "a" : 1 })", R"({"a":1})"},
      {R"({}{"a":1})", R"({"a":1})"},
      {R"({"a":1}{})", R"({"a":1})"},
      {R"({"a":1}{"a":2})", nullptr},
      {R"({"a":1}{"a":1}{"a":1})", nullptr},
      {R"("{\"a\":1}")", R"({"a":1})"},
      {R"("{\"a\":[1,],}")", R"({"a":[1]})"},
      {R"({"a":1,})", R"({"a":1})"},
      {R"({"a":[1,2, ] , })", R"({"a":[1,2 ]  })"},
      {R"({"a":",}"})", R"({"a":",}"})"},
      {"{\"a\":\"x\ny\"}", R"({"a":"x\u000ay"})"},
      {R"({'a':1})", nullptr},
      {R"({"a":"cut)", nullptr},
      {R"({"a":1)", nullptr},
      {R"([1,2])", nullptr},
      {"42", nullptr},
      {"true", nullptr},
      {"\"just words\"", nullptr},
      {"call me", nullptr},
      {R"({"a":1} trailing)", nullptr},
      {R"({"a":1}})", nullptr},
      {R"({"a":tru})", nullptr},
  };
  for (const auto& row : cases) {
    const auto out = read_arguments(row.raw);
    EXPECT_EQ(out.malformed, row.mended == nullptr) << row.raw;
    EXPECT_EQ(out.text, row.mended ? row.mended : row.raw) << row.raw;
    if (row.mended) {
      EXPECT_TRUE(is_json_object(out.text)) << row.raw;
    }
  }
}

TEST(ToolArguments, LoneSurrogatesAndBadBytesBecomeReplacements) {
  EXPECT_EQ(read_arguments(R"({"a":"\ud83d"})").text, "{\"a\":\"\xEF\xBF\xBD\"}");
  const auto out = read_arguments("{\"a\":\"\xFF");
  EXPECT_TRUE(out.malformed);
  EXPECT_EQ(out.text, "{\"a\":\"\xEF\xBF\xBD");
}

TEST(ToolArguments, DeepNestingIsMalformedNotACrash) {
  EXPECT_TRUE(read_arguments("{\"a\":" + std::string(10'000, '[')).malformed);
  EXPECT_TRUE(read_arguments("{\"a\":" + std::string(10'000, '[') + std::string(10'000, ']') + "}")
                  .malformed);
}

TEST(ToolArguments, ReplayIsAlwaysAnObject) {
  EXPECT_EQ(replay_arguments({ToolCallId("i"), "t", R"({"a":1})", false}), R"({"a":1})");
  const auto text = replay_arguments({ToolCallId("i"), "t", "{broken", true});
  EXPECT_TRUE(is_json_object(text));
  EXPECT_NE(text.find("{broken"), std::string::npos);
  EXPECT_TRUE(is_json_object(replay_arguments({ToolCallId("i"), "t", "[1]", false})));
}

TEST(ToolArguments, Names) {
  const std::vector<ToolDefinition> tools{{"web_fetch", "", "{}"}, {"functions.odd", "", "{}"}};
  EXPECT_EQ(clean_tool_name("web_fetch", tools), "web_fetch");
  EXPECT_EQ(clean_tool_name("functions.web_fetch", tools), "web_fetch");
  EXPECT_EQ(clean_tool_name("web_fetch<|channel|>commentary", tools), "web_fetch");
  EXPECT_EQ(clean_tool_name("functions.odd", tools), "functions.odd");
  EXPECT_EQ(clean_tool_name("made_up", tools), "made_up");
  EXPECT_EQ(clean_tool_name("<|x|>", tools), "<|x|>");
}

}  // namespace
}  // namespace carapace::provider

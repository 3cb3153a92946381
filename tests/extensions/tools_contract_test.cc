// What every tool keeps, asked of every row; and what the small tools say.
#include <gmock/gmock.h>

#include <set>

#include "extensions/tools_fixture.h"

namespace carapace::tools {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

bool is_tool_name(std::string_view name) {
  if (name.empty() || name.size() > 64) return false;
  return name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
         std::string_view::npos;
}

TEST(ToolRows, AreComplete) {
  std::set<std::string_view> names;
  ASSERT_FALSE(builtin_tools().empty());
  for (const auto* spec : builtin_tools()) {
    EXPECT_TRUE(is_tool_name(spec->name)) << spec->name;
    EXPECT_TRUE(names.insert(spec->name).second) << spec->name << " twice";
    EXPECT_FALSE(spec->summary.empty()) << spec->name;
    EXPECT_EQ(spec->summary.find('\n'), std::string_view::npos) << spec->name;
    EXPECT_FALSE(spec->description.empty()) << spec->name;
    EXPECT_GT(spec->deadline_ms, 0) << spec->name;
    EXPECT_LE(spec->deadline_ms, 600'000) << spec->name;
    EXPECT_NE(spec->make, nullptr) << spec->name;
  }
}

TEST(ToolRows, SchemasAreObjectsThatDescribeTheirArguments) {
  for (const auto* spec : builtin_tools()) {
    const auto schema = parse_json(spec->schema);
    ASSERT_TRUE(schema && schema->is_object()) << spec->name;
    EXPECT_EQ(string_or(schema->get_object(), "type", ""), "object") << spec->name;
    const auto* properties = find_object(schema->get_object(), "properties");
    ASSERT_NE(properties, nullptr) << spec->name;
    for (const auto& [name, value] : *properties) {
      ASSERT_TRUE(value.is_object()) << spec->name << ' ' << name;
      EXPECT_TRUE(find_string(value.get_object(), "type")) << spec->name << ' ' << name;
    }
    if (const auto* required = find_array(schema->get_object(), "required")) {
      for (const auto& name : *required)
        EXPECT_TRUE(properties->contains(name.as_string())) << spec->name;
    }
    if (!spec->destination_argument.empty())
      EXPECT_TRUE(properties->contains(spec->destination_argument)) << spec->name;
  }
}

// What reaches out says so, and what mutates is no tool that may be repeated without a thought.
TEST(ToolRows, FlagsAreSane) {
  for (const auto* spec : builtin_tools()) {
    if (!spec->destination_argument.empty())
      EXPECT_TRUE(spec->sends || spec->reads_untrusted) << spec->name;
    if (spec->sends && spec->reads_untrusted)
      EXPECT_FALSE(spec->destination_argument.empty()) << spec->name;
  }
  const auto flags = [](std::string_view name) {
    for (const auto* spec : builtin_tools())
      if (spec->name == name)
        return std::tuple(spec->reads_personal, spec->reads_untrusted, spec->sends, spec->mutates);
    return std::tuple(false, false, false, true);
  };
  EXPECT_EQ(flags("web_fetch"), std::tuple(false, true, true, false));
  EXPECT_EQ(flags("sessions_list"), std::tuple(true, false, false, false));
  EXPECT_EQ(flags("sessions_history"), std::tuple(true, false, false, false));
  EXPECT_EQ(flags("session_status"), std::tuple(true, false, false, false));
  EXPECT_EQ(flags("docs_search"), std::tuple(false, false, false, false));
}

class ToolsContract : public ToolsTest {};

TEST_F(ToolsContract, BadArgumentsAreOutcomes) {
  private_hosts_.clear();
  for (const auto* spec : builtin_tools()) {
    const auto tool = spec->make(ports());
    ASSERT_TRUE(tool) << spec->name;
    for (const std::string& arguments :
         {std::string("{}"), std::string(), std::string("[]"), std::string("null"),
          std::string("{\"url\":1,\"query\":[],\"sessionKey\":{}}"), std::string("{\"limit\":-1}"),
          std::string("{\"limit\":99999999999999}"), std::string("{\"limit\":\"x\",\"search\":7}"),
          std::string("{\"url\":\"not a url\",\"query\":\"\",\"sessionKey\":\"\\u0000\"}"),
          std::string("{\"url\":\"file:///etc/passwd\"}"),
          "{\"sessionKey\":\"" + std::string(5'000, 'x') + "\"}",
          std::string("{\"search\":\"%' OR 1=1 --\"}"),
          std::string("{\"query\":\"\\\" OR * NEAR(\"}"), std::string(5'000, '[')}) {
      const ToolCall call{ToolCallId("c"), std::string(spec->name), arguments, false};
      const auto where = context();
      const auto outcome = run(tool->call(call, where));
      EXPECT_FALSE(outcome.text.empty()) << spec->name << ' ' << arguments.substr(0, 60);
      EXPECT_LT(outcome.text.size(), 200'000U) << spec->name;
    }
  }
}

TEST_F(ToolsContract, AStoppedCallStillAnswers) {
  stop_.request("stop");
  for (const auto* spec : builtin_tools())
    EXPECT_FALSE(call(spec->name, R"({"url":"https://example.com/","query":"port"})").text.empty())
        << spec->name;
}

TEST_F(ToolsContract, StatusKnowsTheTimeAndTheSession) {
  conversation("main", "hello");
  const auto status = object_of(call("session_status", "{}"));
  EXPECT_EQ(string_or(status, "sessionKey", ""), "agent:main:main");
  EXPECT_EQ(string_or(status, "model", ""), "fake/m");
  EXPECT_THAT(string_or(status, "now", ""), HasSubstr("2026-"));
}

TEST_F(ToolsContract, SessionsOfOnePersonOnly) {
  conversation("main", "groceries");
  conversation("work", "quarterly report");
  conversation("theirs", "their secret", PrincipalId("second"));
  const auto mine = object_of(call("sessions_list", "{}"));
  EXPECT_EQ(find_int(mine, "count"), 2);
  EXPECT_THAT(call("sessions_list", "{}").text, Not(HasSubstr("their")));
  const auto theirs = object_of(call("sessions_list", "{}", PrincipalId("second")));
  EXPECT_EQ(find_int(theirs, "count"), 1);
  EXPECT_EQ(find_int(object_of(call("sessions_list", R"({"search":"quarter"})")), "count"), 1);
  EXPECT_EQ(find_int(object_of(call("sessions_list", R"({"limit":"1"})")), "count"), 1);
  EXPECT_EQ(find_int(object_of(call("sessions_list", R"({"search":"secret"})")), "count"), 0);
}

TEST_F(ToolsContract, HistoryOfOnePersonOnly) {
  conversation("main", "groceries");
  conversation("theirs", "their secret", PrincipalId("second"));
  EXPECT_THAT(call("sessions_history", R"({"sessionKey":"main"})").text, HasSubstr("groceries"));
  const auto refused = call("sessions_history", R"({"sessionKey":"agent:main:theirs"})");
  EXPECT_TRUE(refused.is_error);
  EXPECT_THAT(refused.text, Not(HasSubstr("secret")));
  // No difference between "not yours" and "not there".
  const auto absent = call("sessions_history", R"({"sessionKey":"agent:main:theirz"})");
  EXPECT_EQ(refused.text.size(), absent.text.size());
}

TEST_F(ToolsContract, HistoryLaundersNoLabel) {
  conversation("strange", "words of a stranger", kOwner,
               {Integrity::untrusted, Confidentiality::open});
  conversation("main", "mine");
  EXPECT_EQ(call("sessions_history", R"({"sessionKey":"strange"})").label.integrity,
            Integrity::untrusted);
  EXPECT_EQ(call("sessions_history", "{}").label.integrity, Integrity::owner);
}

TEST_F(ToolsContract, HistoryIsBounded) {
  conversation("main", std::string(50'000, 'x'));
  for (int i = 0; i < 60; ++i) {
    Message message;
    message.blocks.emplace_back(TextBlock{std::string(3'000, 'y')});
    const auto session = *run(rows_.sessions.find(SessionKey("agent:main:main"), kOwner));
    ASSERT_TRUE(run(rows_.transcripts.append(session->id, std::move(message))));
  }
  EXPECT_LT(call("sessions_history", R"({"limit":500})").text.size(), 60'000U);
}

TEST_F(ToolsContract, DocsAreSearched) {
  const auto found = object_of(call("docs_search", R"({"query":"change the port"})"));
  ASSERT_FALSE(find_array(found, "results")->empty());
  EXPECT_EQ(string_or(find_array(found, "results")->at(0).as_object(), "page", ""),
            "docs/CONFIGURATION.md");
  EXPECT_TRUE(
      find_array(object_of(call("docs_search", R"({"query":"best pasta recipe"})")), "results")
          ->empty());
}

}  // namespace
}  // namespace carapace::tools

// Where messages belong, and which never get further.
#include "dispatch/route.h"

#include <gtest/gtest.h>

namespace carapace::dispatch {
namespace {

const AgentId kAgent{"main"};

Inbound to(std::string key, std::string text = "hello") {
  Inbound inbound;
  inbound.session_key = std::move(key);
  inbound.text = std::move(text);
  return inbound;
}

TEST(Route, Table) {
  const std::pair<std::string, std::string> table[] = {
      {"", "agent:main:main"},
      {"main", "agent:main:main"},
      {"agent:main:main", "agent:main:main"},
      {"AGENT:Main:MAIN", "agent:main:main"},
      {"  main  ", "agent:main:main"},
      {"agent:other:telegram:group:-100", "agent:other:telegram:group:-100"},
      {"notes", "agent:main:notes"},
  };
  for (const auto& [raw, expected] : table) {
    const auto where = route(to(raw), kAgent);
    ASSERT_TRUE(where) << raw << ": " << where.error().detail;
    EXPECT_EQ(where->key.value, expected) << raw;
  }
  EXPECT_EQ(route(to("agent:other:x"), kAgent)->agent.value, "other");
  EXPECT_EQ(route(to("global"), kAgent)->agent.value, "main");
}

TEST(Route, HostileKeysAreRefusedOrStayKeys) {
  for (const std::string& key : {std::string(600, 'k'), "agent:main:" + std::string(600, 'k'),
                                 std::string("   "), std::string("\t\n")}) {
    const auto where = route(to(key), kAgent);
    if (where) {
      EXPECT_FALSE(where->key.value.empty());
      EXPECT_LE(where->key.value.size(), 600U);
      continue;
    }
    EXPECT_EQ(where.error().code, Errc::invalid_request);
    EXPECT_LT(where.error().detail.size(), 400U);
  }
  // Whatever a key looks like, it names a session of an agent and nothing else.
  for (const std::string key :
       {"../../etc/passwd", "agent:../x:y", "agent::", "agent:main:", "a'; DROP TABLE sessions;--",
        "agent:main:main\nagent:evil:x", "agent:\xff:x", "\xc3\x28"}) {
    const auto where = route(to(key), kAgent);
    if (!where) {
      EXPECT_EQ(where.error().code, Errc::invalid_request) << key;
      continue;
    }
    EXPECT_TRUE(where->key.value.starts_with("agent:")) << where->key.value;
    EXPECT_TRUE(is_agent_id(where->agent.value)) << where->agent.value << " in " << key;
  }
}

TEST(Route, SomethingMustBeSaid) {
  for (const std::string text : {"", "  \n\t "})
    EXPECT_EQ(route(to("", text), kAgent).error().code, Errc::invalid_request);
  auto picture = to("", "");
  picture.images.push_back({"image/png", "AAAA"});
  EXPECT_TRUE(route(picture, kAgent));
}

TEST(Route, TextMustBeUtf8) {
  for (const std::string text : {"\xff", "a\xc3", "\xed\xa0\x80", "\xf5\x80\x80\x80"})
    EXPECT_EQ(route(to("", text), kAgent).error().code, Errc::invalid_request);
  EXPECT_TRUE(route(to("", std::string("a\0b", 3)), kAgent));
}

TEST(Route, LimitsSayWhichOne) {
  const RouteLimits limits{10, 2, 8};
  EXPECT_TRUE(route(to("", "0123456789"), kAgent, limits));
  const auto long_text = route(to("", "0123456789x"), kAgent, limits);
  EXPECT_EQ(long_text.error().code, Errc::too_large);
  EXPECT_NE(long_text.error().detail.find("11 bytes"), std::string::npos);
  auto inbound = to("", "x");
  inbound.images.resize(3, {"image/png", "AAAA"});
  EXPECT_EQ(route(inbound, kAgent, limits).error().code, Errc::too_large);
  inbound.images.resize(1);
  inbound.images[0].base64 = std::string(9, 'A');
  EXPECT_EQ(route(inbound, kAgent, limits).error().code, Errc::too_large);
}

}  // namespace
}  // namespace carapace::dispatch

#include "domain/session_key.h"

#include <gtest/gtest.h>

#include <random>

namespace carapace {
namespace {

const AgentId kMain{"main"};

std::string canonical(std::string_view raw) {
  const auto key = canonical_key(raw, kMain);
  return key ? key->value : "none";
}

TEST(SessionKey, CanonicalForms) {
  EXPECT_EQ(canonical("main"), "agent:main:main");
  EXPECT_EQ(canonical("  MAIN \n"), "agent:main:main");
  EXPECT_EQ(canonical("agent:Work:DM:Joe"), "agent:work:dm:joe");
  EXPECT_EQ(canonical("global"), "global");
  EXPECT_EQ(canonical("unknown"), "unknown");
  EXPECT_EQ(canonical("telegram:group:1"), "agent:main:telegram:group:1");
  EXPECT_EQ(canonical(""), "none");
  EXPECT_EQ(canonical("   "), "none");
  EXPECT_EQ(canonical("a\nb"), "none");
  EXPECT_EQ(canonical(std::string_view("a\0b", 3)), "none");
  EXPECT_EQ(canonical(std::string(513, 'a')), "none");
  EXPECT_NE(canonical(std::string(512, 'a')), "none");
  EXPECT_EQ(canonical_key("main", AgentId("ops"))->value, "agent:ops:main");
  EXPECT_EQ(main_session_key(kMain).value, "agent:main:main");
}

TEST(SessionKey, Parts) {
  const auto parts = parse_session_key("agent:work:dm:joe");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->agent.value, "work");
  EXPECT_EQ(parts->rest, "dm:joe");
  for (const char* none :
       {"", "main", "agent:", "agent:x", "agent::x", "agent:x:", "global", "unknown", "agents:a:b"})
    EXPECT_FALSE(parse_session_key(none)) << none;
}

TEST(SessionKeyProperty, CanonicalIsStable) {
  std::mt19937 engine(2);
  static constexpr std::string_view kBytes = "aZ:gent mainGLOBAL-_/\xc3\xa4";
  for (int round = 0; round < 20'000; ++round) {
    std::string raw;
    for (auto n = engine() % 20; n > 0; --n) raw += kBytes[engine() % kBytes.size()];
    if (round % 3 == 0) raw = "agent:" + raw;
    const auto once = canonical_key(raw, kMain);
    if (!once) continue;
    const auto twice = canonical_key(once->value, kMain);
    ASSERT_TRUE(twice) << raw;
    ASSERT_EQ(*twice, *once) << raw;
  }
}

TEST(SessionKey, AgentIds) {
  EXPECT_EQ(agent_slug("My Agent!").value, "my-agent");
  EXPECT_EQ(agent_slug("  ").value, "main");
  EXPECT_EQ(agent_slug("--__").value, "main");
  EXPECT_EQ(agent_slug("../../etc").value, "etc");
  EXPECT_EQ(agent_slug("ünder").value, "nder");
  EXPECT_EQ(agent_slug(std::string(100, 'x')).value, std::string(64, 'x'));
  for (const char* raw : {"a", "My Agent!", "-x-", "_", "9", "ÄÖÜ", "a_", "x\n"})
    EXPECT_TRUE(is_agent_id(agent_slug(raw).value)) << raw;
  for (const char* bad : {"", "-a", "_a", "A", "a b", "a/b", "..", "ä"})
    EXPECT_FALSE(is_agent_id(bad)) << bad;
  EXPECT_FALSE(is_agent_id(std::string(65, 'a')));
}

TEST(SessionKey, Kinds) {
  EXPECT_EQ(session_kind(SessionKey("global")), "global");
  EXPECT_EQ(session_kind(SessionKey("unknown")), "unknown");
  EXPECT_EQ(session_kind(SessionKey("agent:main:main")), "direct");
  EXPECT_EQ(session_kind(SessionKey("agent:main:telegram:group:7")), "group");
  EXPECT_EQ(session_kind(SessionKey("agent:main:discord:channel:7")), "group");
  EXPECT_EQ(session_kind(SessionKey("agent:main:group:7")), "group");
  EXPECT_EQ(session_kind(SessionKey("agent:main:dm:groupie")), "direct");
}

}  // namespace
}  // namespace carapace

// The whole table of labels, row flags and destinations, and URLs that try to look like another
// host.
#include "tool/policy.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace carapace::tool {
namespace {

enum class Where { owner_named, same_origin, other, none };

Spec row(bool sends, bool mutates) {
  Spec spec{.name = "probe", .sends = sends, .mutates = mutates, .destination_argument = "url"};
  return spec;
}

ToolCall call_to(std::string_view url) {
  return {ToolCallId("1"), "probe", dump_json(json::object{{"url", url}}), false};
}

Flow flow_of(Integrity integrity, Confidentiality confidentiality) {
  return {{integrity, confidentiality}, {"owner.example"}, {"read.example"}};
}

ToolCall call_for(Where where) {
  switch (where) {
    case Where::owner_named: return call_to("https://owner.example/a?b=secret");
    case Where::same_origin: return call_to("https://read.example/next");
    case Where::other: return call_to("https://attacker.example/?q=secret");
    case Where::none: break;
  }
  return {ToolCallId("1"), "probe", "{}", false};
}

// What the specification says, in words: what is not tainted may do anything; reading tools may;
// sending is free while nothing personal is in the context, or towards a known destination;
// changing things never is.
bool should_ask(Integrity integrity, Confidentiality confidentiality, bool sends, bool mutates,
                Where where) {
  const bool tainted = integrity == Integrity::open || integrity == Integrity::untrusted;
  if (!tainted) return false;
  if (mutates) return true;
  if (!sends || confidentiality == Confidentiality::open) return false;
  return where == Where::other || where == Where::none;
}

TEST(Policy, WholeTable) {
  int asked = 0, cells = 0;
  for (const auto integrity :
       {Integrity::owner, Integrity::paired, Integrity::open, Integrity::untrusted})
    for (const auto secrecy :
         {Confidentiality::open, Confidentiality::personal, Confidentiality::secret})
      for (const bool sends : {false, true})
        for (const bool mutates : {false, true})
          for (const auto where :
               {Where::owner_named, Where::same_origin, Where::other, Where::none}) {
            const auto spec = row(sends, mutates);
            const auto judgement = judge(spec, call_for(where), flow_of(integrity, secrecy));
            const bool expected = should_ask(integrity, secrecy, sends, mutates, where);
            EXPECT_EQ(judgement.verdict, expected ? Verdict::ask : Verdict::allow)
                << to_text(integrity) << ' ' << to_text(secrecy) << " sends " << sends
                << " mutates " << mutates << " where " << static_cast<int>(where);
            EXPECT_EQ(judgement.reason.empty(), !expected);
            asked += expected ? 1 : 0;
            ++cells;
          }
  EXPECT_EQ(cells, 192);
  EXPECT_EQ(asked, 56);
}

TEST(Policy, TheReasonNamesTheDestination) {
  const auto spec = row(true, false);
  const auto judgement =
      judge(spec, call_for(Where::other), flow_of(Integrity::untrusted, Confidentiality::personal));
  EXPECT_NE(judgement.reason.find("attacker.example"), std::string::npos);
  EXPECT_NE(judgement.reason.find("probe"), std::string::npos);
}

TEST(Policy, MalformedArgumentsAreDeniedWhateverTheContext) {
  const auto spec = row(false, false);
  auto call = call_for(Where::none);
  call.malformed = true;
  EXPECT_EQ(judge(spec, call, {}).verdict, Verdict::deny);
  EXPECT_EQ(judge(spec, call, flow_of(Integrity::untrusted, Confidentiality::secret)).verdict,
            Verdict::deny);
}

TEST(Policy, ConfinedMeansTaintedAndPersonal) {
  EXPECT_FALSE(is_confined(flow_of(Integrity::owner, Confidentiality::secret)));
  EXPECT_FALSE(is_confined(flow_of(Integrity::untrusted, Confidentiality::open)));
  EXPECT_TRUE(is_confined(flow_of(Integrity::open, Confidentiality::personal)));
}

// Each of these reaches attacker.example, or nobody, and never counts as the owner's destination.
TEST(Policy, DestinationsThatPretend) {
  const auto spec = row(true, false);
  const auto flow = flow_of(Integrity::untrusted, Confidentiality::personal);
  for (const std::string_view url : {
           "https://owner.example@attacker.example/",
           "https://owner.example:443@attacker.example/",
           "https://owner.example\\@attacker.example/",
           "https:\\\\owner.example/",
           "https://attacker.example/https://owner.example/",
           "https://attacker.example/?to=https://owner.example",
           "https://attacker.example#https://owner.example",
           "https://owner.example.attacker.example/",
           "https://attackerowner.example/",
           "attacker.example/https://owner.example",
           "//owner.example/",
           "ftp://owner.example/",
           "data:text/plain,https://owner.example",
           "https://owner.example%2eattacker.example/",
           "https://owner.exa\tmple/",
           "https://owner.example%00.attacker.example/",
           "",
           "owner.example",
       })
    EXPECT_EQ(judge(spec, call_to(url), flow).verdict, Verdict::ask) << url;
}

TEST(Policy, OneHostHasOneSpelling) {
  const auto spec = row(true, false);
  const auto flow = flow_of(Integrity::untrusted, Confidentiality::personal);
  for (const std::string_view url :
       {"HTTPS://OWNER.EXAMPLE/", "https://owner.example./x", "https://owner.example:8443/",
        "  https://owner.example/  ", "http://owner%2Eexample/"})
    EXPECT_EQ(judge(spec, call_to(url), flow).verdict, Verdict::allow) << url;
}

TEST(Policy, ArgumentsThatAreNoTextNameNoDestination) {
  const auto spec = row(true, false);
  const auto flow = flow_of(Integrity::untrusted, Confidentiality::personal);
  for (const std::string arguments : {"{\"url\":[\"https://owner.example\"]}", "{\"url\":7}", "[]",
                                      "", "{\"URL\":\"https://owner.example\"}"})
    EXPECT_EQ(judge(spec, {ToolCallId("1"), "probe", arguments, false}, flow).verdict, Verdict::ask)
        << arguments;
}

TEST(HostsIn, FindsWhatAPersonNames) {
  using Hosts = std::set<std::string>;
  EXPECT_EQ(hosts_in("read https://A.example/x and (http://b.example)."),
            (Hosts{"a.example", "b.example"}));
  EXPECT_EQ(hosts_in("https://a.example, https://a.example!"), Hosts{"a.example"});
  EXPECT_EQ(hosts_in("[link](https://a.example/p?q=1#f)"), Hosts{"a.example"});
  EXPECT_EQ(hosts_in("http://192.168.1.10:8080/status"), Hosts{"192.168.1.10"});
  EXPECT_EQ(hosts_in("http://printer.local/ http://[::1]:80/"), (Hosts{"printer.local", "::1"}));
  EXPECT_EQ(hosts_in("no address here, nor a.example"), Hosts{});
}

TEST(HostsIn, NamesNothingByAccident) {
  using Hosts = std::set<std::string>;
  EXPECT_EQ(hosts_in("https://a.example/?next=https://b.example/"), Hosts{"a.example"});
  EXPECT_EQ(hosts_in("https://a.example@b.example/"), Hosts{});
  EXPECT_EQ(hosts_in("https:// https:/// http://"), Hosts{});
  EXPECT_EQ(hosts_in("ftp://a.example file://b.example"), Hosts{});
  EXPECT_EQ(hosts_in(std::string("https://a\0.example", 18)), Hosts{});
}

TEST(HostsIn, StaysBoundedOnLongText) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "http";
  text += "://";
  EXPECT_TRUE(hosts_in(text).empty());
  EXPECT_TRUE(hosts_in("https://" + std::string(1 << 20, 'a')).empty());
}

}  // namespace
}  // namespace carapace::tool

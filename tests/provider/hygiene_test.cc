#include "provider/hygiene.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "base/text.h"

namespace carapace::provider {
namespace {

const std::string kPng = "iVBORw0KGgoAAAANSUhEUg==";

Message user(std::string text) {
  return {Role::user, {TextBlock{std::move(text)}}, 0, {}, {}, {}, std::nullopt};
}
Message assistant(std::vector<Block> blocks, std::string provider = "p", std::string model = "m") {
  return {Role::assistant,
          std::move(blocks),
          0,
          {},
          {},
          {},
          Origin{"api", std::move(provider), std::move(model), {}, 0, StopReason::stop, ""}};
}
ToolCall call(std::string id, std::string name = "look") {
  return {ToolCallId(std::move(id)), std::move(name), "{}", false};
}
Message result(std::string id, std::string text = "seen") {
  return {Role::tool,  {ToolResult{ToolCallId(std::move(id)), "look", std::move(text), {}, false}},
          0,           {},
          {},          {},
          std::nullopt};
}
const ToolResult& result_of(const Message& message) {
  return std::get<ToolResult>(message.blocks.front());
}
std::vector<Message> fix(std::vector<Message> messages, const Hygiene& rules = {}) {
  return repair(std::move(messages), rules, "p", "m", true);
}

TEST(Hygiene, KeepsAnOrderlyHistory) {
  std::vector<Message> history{user("hi"), assistant({TextBlock{"looking"}, call("a1")}),
                               result("a1"), user("and?")};
  history[2].blocks.front() = ToolResult{ToolCallId("a1"), "look", "seen", {}, false};
  EXPECT_EQ(fix(history), history);
}

TEST(Hygiene, AnswersACallWithoutResult) {
  const auto out =
      fix({user("hi"), assistant({call("a1"), call("a2")}), result("a2"), user("next")});
  ASSERT_EQ(out.size(), 5U);
  EXPECT_EQ(result_of(out[2]).text, "no result was recorded for this call");
  EXPECT_TRUE(result_of(out[2]).is_error);
  EXPECT_EQ(result_of(out[3]).text, "seen");
}

TEST(Hygiene, DropsOrphansAndDuplicatesAndMovesStrays) {
  const auto out = fix({result("x"), user("hi"), assistant({call("a1")}), user("steer"),
                        result("a1", "first"), result("a1", "again"), result("ghost")});
  ASSERT_EQ(out.size(), 4U);
  EXPECT_EQ(out[2].role, Role::tool);
  EXPECT_EQ(result_of(out[2]).text, "first");
  EXPECT_EQ(text_of(out[3]), "steer");
}

TEST(Hygiene, PairsRepeatedIdsByPosition) {
  const auto out = fix({user("a"), assistant({call("call_0")}), result("call_0", "one"),
                        assistant({call("call_0")}), result("call_0", "two"),
                        assistant({call("call_0"), call("call_0")}), result("call_0", "three"),
                        result("call_0", "four"), user("z")});
  std::set<std::string> ids;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i].role != Role::tool) continue;
    ids.insert(result_of(out[i]).call.value);
    texts.push_back(result_of(out[i]).text);
  }
  EXPECT_EQ(ids.size(), 4U);
  EXPECT_EQ(texts, (std::vector<std::string>{"one", "two", "three", "four"}));
}

TEST(Hygiene, DoesNotGiveALaterResultToAnEarlierCall) {
  const auto out = fix({user("a"), assistant({call("c")}), assistant({call("c")}),
                        result("c", "second"), user("z")});
  EXPECT_TRUE(result_of(out[2]).is_error);
  EXPECT_EQ(result_of(out[4]).text, "second");
}

TEST(Hygiene, IdRules) {
  const std::string long_id = "call|fc_" + std::string(90, 'x');
  const std::vector<Message> history{user("a"), assistant({call(long_id), call("")}),
                                     result(long_id), user("z")};
  for (const auto rule : {IdRule::any, IdRule::word64, IdRule::alnum9}) {
    const auto out = fix(history, {.ids = rule});
    const auto calls = tool_calls_of(out[1]);
    for (std::size_t i = 0; i < 2; ++i) {
      const auto& id = calls[i]->id.value;
      EXPECT_EQ(id, result_of(out[2 + i]).call.value);
      EXPECT_FALSE(id.empty());
      if (rule == IdRule::word64) {
        EXPECT_LE(id.size(), 64U);
        EXPECT_EQ(id.find('|'), std::string::npos);
      }
      if (rule == IdRule::alnum9) {
        EXPECT_EQ(id.size(), 9U);
      }
    }
  }
  // Prompt caches need the same ids in every request.
  EXPECT_EQ(fix(history, {.ids = IdRule::alnum9}), fix(history, {.ids = IdRule::alnum9}));
  EXPECT_EQ(
      tool_calls_of(fix({user("a"), assistant({call("abcDEF123")}), result("abcDEF123"), user("z")},
                        {.ids = IdRule::alnum9})[1])[0]
          ->id.value,
      "abcDEF123");
}

TEST(Hygiene, StripsWhatIsNoText) {
  const auto out = fix({user(std::string("a\xED\xA0\xBD"
                                         "b\0c\xFF",
                                         8)),
                        assistant({call("i")}), result("i", "\x80ok"), user("z")});
  EXPECT_EQ(text_of(out[0]), "abc");
  EXPECT_EQ(result_of(out[2]).text, "ok");
}

TEST(Hygiene, EmptyBlocksAndMessagesGo) {
  const auto out = fix({user("a"), assistant({TextBlock{" \n"}}),
                        assistant({TextBlock{""}, TextBlock{"b"}}), user("  "), user("z")});
  ASSERT_EQ(out.size(), 3U);
  EXPECT_EQ(out[1].blocks.size(), 1U);
  EXPECT_EQ(fix({}).size(), 1U);
  EXPECT_EQ(result_of(fix({user("a"), assistant({call("i")}), result("i", ""), user("z")})[2]).text,
            "(no output)");
}

TEST(Hygiene, ThinkingGoesBackOnlyToWhoGaveIt) {
  const ThinkingBlock is_signed{"why", "sig", false};
  const ThinkingBlock plain{"why", "", false};
  const auto kept = [&](ThinkingReplay rule, const ThinkingBlock& block, const char* provider,
                        const char* model) {
    const auto out =
        repair({user("a"), assistant({block, TextBlock{"b"}}, provider, model), user("z")},
               {.thinking = rule}, "p", "claude-x-5", true);
    return out[1].blocks.size() == 2;
  };
  EXPECT_TRUE(kept(ThinkingReplay::signed_only, is_signed, "p", "claude-x-5"));
  EXPECT_TRUE(kept(ThinkingReplay::signed_only, is_signed, "p", "claude-x-5-20250929"));
  EXPECT_FALSE(kept(ThinkingReplay::signed_only, is_signed, "p", "claude-x-50"));
  EXPECT_FALSE(kept(ThinkingReplay::signed_only, is_signed, "q", "claude-x-5"));
  EXPECT_FALSE(kept(ThinkingReplay::signed_only, plain, "p", "claude-x-5"));
  EXPECT_TRUE(kept(ThinkingReplay::any, plain, "p", "claude-x-5"));
  EXPECT_FALSE(kept(ThinkingReplay::none, is_signed, "p", "claude-x-5"));
  EXPECT_TRUE(kept(ThinkingReplay::signed_only, {"opaque", "", true}, "p", "claude-x-5"));
  // A turn cut off while thinking has nothing to say.
  EXPECT_EQ(repair({user("a"), assistant({is_signed}), user("z")},
                   {.thinking = ThinkingReplay::signed_only}, "p", "m", true)
                .size(),
            2U);
}

TEST(Hygiene, ImagesAreCheckedMovedOrNamed) {
  Message shot = result("i", "");
  std::get<ToolResult>(shot.blocks.front()).images = {{"image/jpeg", kPng}, {"image/png", "AAAA"}};
  const std::vector<Message> history{user("a"), assistant({call("i"), call("j")}), shot,
                                     result("j"), user("z")};
  auto out = fix(history);
  EXPECT_EQ(result_of(out[2]).images.size(), 1U);
  EXPECT_EQ(result_of(out[2]).images[0].mime, "image/png");
  EXPECT_NE(result_of(out[2]).text.find("not a PNG"), std::string::npos);

  out = fix(history, {.images_in_results = false});
  ASSERT_EQ(out.size(), 6U);
  EXPECT_TRUE(result_of(out[2]).images.empty());
  EXPECT_EQ(out[3].role, Role::tool) << "results stay together";
  EXPECT_EQ(std::get<ImageBlock>(out[4].blocks[1]).base64, kPng);

  out = repair(history, {}, "p", "m", false);
  EXPECT_TRUE(result_of(out[2]).images.empty());
  out = fix({{Role::user, {ImageBlock{"image/png", kPng}}, 0, {}, {}, {}, std::nullopt}},
            {.images = {.max_bytes = 4}});
  EXPECT_NE(text_of(out[0]).find("too large"), std::string::npos);
}

TEST(Hygiene, Edges) {
  auto out = fix({assistant({TextBlock{"hello  \n"}})}, {.user_first = true, .user_last = false});
  EXPECT_EQ(out.front().role, Role::user);
  EXPECT_EQ(text_of(out.back()), "hello");
  EXPECT_EQ(fix({user("a"), assistant({TextBlock{"b"}})}).back().role, Role::user);
  out = fix(
      {user("a"), user("b"), assistant({TextBlock{"c"}}), assistant({TextBlock{"d"}}), user("z")},
      {.merge_roles = true});
  ASSERT_EQ(out.size(), 3U);
  EXPECT_EQ(out[1].blocks.size(), 2U);
  out = fix({user("a"), assistant({call("i")}), result("i"), user("steer")},
            {.assistant_after_tool = true});
  ASSERT_EQ(out.size(), 5U);
  EXPECT_EQ(out[3].role, Role::assistant);
}

// ---- whatever the history, the rules of the wire hold ----

class Histories {
 public:
  explicit Histories(std::uint32_t seed) : random_(seed) {}
  std::vector<Message> next() {
    std::vector<Message> out;
    for (int i = below(12); i > 0; --i) out.push_back(message());
    return out;
  }
  int below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }

 private:
  std::string text() {
    static const std::vector<std::string> kTexts{
        "", " ", "hello", "\xF0\x9F\x98", "\xED\xA0\xBD", std::string("\0x", 2), "ok\xFF", "😀"};
    return kTexts[static_cast<std::size_t>(below(8))];
  }
  std::string id() {
    static const std::vector<std::string> kIds{
        "", "call_0", "call_0", "a|b", "abcDEF123", std::string(80, 'y'), "\xFFz"};
    return kIds[static_cast<std::size_t>(below(7))];
  }
  std::vector<ImageBlock> images() {
    std::vector<ImageBlock> out;
    for (int i = below(3); i > 0; --i) out.push_back({"image/jpeg", below(2) ? kPng : "AAAA"});
    return out;
  }
  Block block() {
    switch (below(5)) {
      case 0: return TextBlock{text()};
      case 1: return ThinkingBlock{text(), below(2) ? "sig" : "", below(3) == 0};
      case 2: return ImageBlock{"image/png", below(2) ? kPng : "junk"};
      case 3:
        return ToolCall{ToolCallId(id()), below(4) ? "look" : "bad name!\xFF",
                        below(3) ? "{}" : "{broken", false};
      default: return ToolResult{ToolCallId(id()), "look", text(), images(), below(2) == 0};
    }
  }
  Message message() {
    Message out;
    out.role = static_cast<Role>(below(3));
    for (int i = below(4); i > 0; --i) out.blocks.push_back(block());
    if (below(2))
      out.origin = Origin{"api", below(2) ? "p" : "q", "m", {}, 0, StopReason::stop, ""};
    return out;
  }
  std::mt19937 random_;
};

void expect_edges(const std::vector<Message>& out, const Hygiene& rules) {
  if (rules.user_first) {
    EXPECT_EQ(out.front().role, Role::user);
  }
  if (rules.user_last) {
    EXPECT_NE(out.back().role, Role::assistant);
  }
  for (std::size_t i = 1; i < out.size(); ++i) {
    if (rules.merge_roles && out[i].role != Role::tool) {
      EXPECT_NE(out[i - 1].role, out[i].role);
    }
    if (rules.assistant_after_tool && out[i].role == Role::user) {
      EXPECT_NE(out[i - 1].role, Role::tool);
    }
  }
}

void expect_id(const std::string& id, IdRule rule) {
  EXPECT_FALSE(id.empty());
  if (rule == IdRule::any) return;
  EXPECT_LE(id.size(), rule == IdRule::alnum9 ? 9U : 64U);
  EXPECT_TRUE(std::ranges::all_of(id, [rule](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) ||
           (rule == IdRule::word64 && (c == '_' || c == '-'));
  }));
}

void expect_accepted(const std::vector<Message>& out, const Hygiene& rules) {
  ASSERT_FALSE(out.empty());
  expect_edges(out, rules);
  std::set<std::string> ids;
  std::vector<std::string> open;
  for (const auto& message : out) {
    ASSERT_FALSE(message.blocks.empty());
    if (message.role != Role::tool) {
      EXPECT_TRUE(open.empty()) << "calls must be answered right after";
    }
    EXPECT_FALSE(std::holds_alternative<ThinkingBlock>(message.blocks.back()));
    for (const auto& block : message.blocks) {
      if (const auto* text = std::get_if<TextBlock>(&block)) {
        EXPECT_NE(message.role, Role::tool);
        EXPECT_FALSE(trim(text->text).empty());
        EXPECT_TRUE(is_valid_utf8(text->text));
        EXPECT_EQ(text->text.find('\0'), std::string::npos);
      } else if (const auto* thinking = std::get_if<ThinkingBlock>(&block)) {
        EXPECT_EQ(message.role, Role::assistant);
        EXPECT_NE(rules.thinking, ThinkingReplay::none);
        EXPECT_EQ(message.origin->provider, "p");
        EXPECT_TRUE(is_valid_utf8(thinking->text));
        EXPECT_TRUE(thinking->redacted || rules.thinking == ThinkingReplay::any ||
                    !thinking->signature.empty());
      } else if (const auto* image = std::get_if<ImageBlock>(&block)) {
        EXPECT_EQ(message.role, Role::user);
        EXPECT_EQ(image->mime, "image/png");
      } else if (const auto* use = std::get_if<ToolCall>(&block)) {
        EXPECT_EQ(message.role, Role::assistant);
        EXPECT_TRUE(ids.insert(use->id.value).second) << "ids are unique";
        expect_id(use->id.value, rules.ids);
        EXPECT_TRUE(std::ranges::all_of(use->name, [](char c) {
          return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
        }));
        open.push_back(use->id.value);
      } else if (const auto* answer = std::get_if<ToolResult>(&block)) {
        EXPECT_EQ(message.role, Role::tool);
        ASSERT_FALSE(open.empty());
        EXPECT_EQ(open.front(), answer->call.value);
        open.erase(open.begin());
        EXPECT_TRUE(rules.images_in_results || answer->images.empty());
        EXPECT_FALSE(answer->text.empty() && answer->images.empty());
      }
    }
  }
  EXPECT_TRUE(open.empty());
}

TEST(Hygiene, PropertyAnyHistoryBecomesOneThatIsAccepted) {
  for (std::uint32_t seed = 1; seed <= 4000; ++seed) {
    Histories histories(seed);
    Hygiene rules;
    rules.ids = static_cast<IdRule>(histories.below(3));
    rules.merge_roles = histories.below(2) != 0;
    rules.user_first = histories.below(2) != 0;
    rules.assistant_after_tool = histories.below(2) != 0;
    rules.thinking = static_cast<ThinkingReplay>(histories.below(3));
    rules.images_in_results = histories.below(2) != 0;
    const auto out = repair(histories.next(), rules, "p", "m", true);
    SCOPED_TRACE(seed);
    expect_accepted(out, rules);
    if (::testing::Test::HasFailure()) return;
    EXPECT_EQ(repair(out, rules, "p", "m", true), out) << "repairing twice changes nothing";
  }
}

}  // namespace
}  // namespace carapace::provider

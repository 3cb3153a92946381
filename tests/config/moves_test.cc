#include "config/read/moves.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "config/json5.h"

namespace carapace::config {
namespace {

struct Case {
  const char* before;
  const char* after;
};

std::string moved(std::string_view before, std::span<const MoveRow> rows = {}) {
  auto tree = parse_json5(before).value();
  apply_moves(tree, rows);
  return dump_json(tree);
}

TEST(Moves, Table) {
  const Case cases[]{
      {"{gateway: {token: 't'}}", R"({"gateway":{"auth":{"token":"t"}}})"},
      {"{gateway: {token: 'old', auth: {token: 'new', mode: 'token'}}}",
       R"({"gateway":{"auth":{"token":"new","mode":"token"}}})"},
      {"{gateway: {hooks: {token: 'g', path: '/g'}}, hooks: {token: 'h', enabled: true}}",
       R"({"hooks":{"token":"g","path":"/g","enabled":true}})"},
      {"{agent: {model: 'a/b', modelFallbacks: ['c/d'], contextTokens: 5}}",
       R"({"agents":{"defaults":{"model":{"primary":"a/b","fallbacks":["c/d"]},"contextTokens":5}}})"},
      {"{agent: {allowedModels: ['a/b', 'c/d'], modelAliases: {quick: 'c/d', big: 'e/f'}}}",
       R"({"agents":{"defaults":{"models":{"a/b":{},"c/d":{"alias":"quick"},"e/f":{"alias":"big"}}}}})"},
      {"{agent: {tools: {deny: ['x']}, bash: {timeoutSec: 1}, elevated: {enabled: false}}}",
       R"({"tools":{"deny":["x"],"elevated":{"enabled":false},"exec":{"timeoutSec":1}}})"},
      {"{tools: {bash: {timeoutSec: 1}, exec: {timeoutSec: 2}}}",
       R"({"tools":{"exec":{"timeoutSec":2}}})"},
      {"{routing: {agents: {a: {name: 'A'}, b: {mentionPatterns: ['@b']}}, defaultAgentId: 'b'}}",
       R"({"agents":{"list":[{"id":"a","name":"A"},{"id":"b","default":true,"groupChat":{"mentionPatterns":["@b"]}}]}})"},
      {"{identity: {name: 'Lobster'}}",
       R"({"agents":{"list":[{"id":"main","identity":{"name":"Lobster"}}]}})"},
      {"{identity: {name: 'L'}, agents: {list: [{id: 'x'}, {id: 'y', default: true}]}}",
       R"({"agents":{"list":[{"id":"x"},{"id":"y","default":true,"identity":{"name":"L"}}]}})"},
      {"{routing: {bindings: [{agentId: 'a', match: {provider: 'p', accountID: '1'}}]}}",
       R"({"bindings":[{"agentId":"a","match":{"channel":"p","accountId":"1"}}]})"},
      {"{routing: {queue: {byProvider: {p: 'steer'}}, agentToAgent: {enabled: true}}}",
       R"({"messages":{"queue":{"byChannel":{"p":"steer"}}},"tools":{"agentToAgent":{"enabled":true}}})"},
      {"{routing: {groupChat: {mentionPatterns: ['x'], historyLimit: 3}}}",
       R"({"messages":{"groupChat":{"mentionPatterns":["x"],"historyLimit":3}}})"},
      {"{routing: {transcribeAudio: {command: ['w', '-f'], timeoutSeconds: 9}}}",
       R"({"tools":{"media":{"audio":{"enabled":true,"models":[{"type":"cli","command":"w","args":["-f"],"timeoutSeconds":9}]}}}})"},
      {"{session: {sendPolicy: {rules: [{match: {provider: 'p'}}]}}}",
       R"({"session":{"sendPolicy":{"rules":[{"match":{"channel":"p"}}]}}})"},
      {"{messages: {tts: {enabled: true}}}", R"({"messages":{"tts":{"auto":"always"}}})"},
      {"{messages: {tts: {enabled: false, auto: 'inbound'}}}",
       R"({"messages":{"tts":{"auto":"inbound"}}})"},
      {"{logging: {format: 'text'}}", R"({"logging":{"consoleStyle":"pretty"}})"},
      {"{logging: {format: 'json', consoleStyle: 'compact'}}",
       R"({"logging":{"consoleStyle":"compact"}})"},
      {"{sessions: {retentionDays: 9, retention: {enabled: true}}}",
       R"({"sessions":{"retention":{"enabled":true,"days":9}}})"},
  };
  for (const auto& one : cases) EXPECT_EQ(moved(one.before), one.after) << one.before;
}

TEST(Moves, TodaysFormIsNotTouched) {
  for (const auto* text :
       {"{}", "[]", "5", "{agents:{defaults:{model:{primary:'a/b'}},list:[{id:'x'}]}}",
        "{gateway:{auth:{token:'t'}},hooks:{token:'h'},bindings:[{match:{channel:'c'}}]}"}) {
    auto tree = parse_json5(text).value();
    const auto before = tree;
    EXPECT_TRUE(apply_moves(tree, {}).empty()) << text;
    EXPECT_EQ(tree, before);
  }
}

// Whatever stands under an old name, nothing breaks and nothing that has a meaning today is lost.
TEST(Moves, ValuesOfAnotherShape) {
  for (const auto* value : {"null", "5", "'x'", "[]", "[1,{}]", "{}", "{a:1}", "true"})
    for (const auto row : builtin_moves()) {
      std::string text(value);
      std::string rest(row.from);
      while (!rest.empty()) {
        const auto dot = rest.rfind('.');
        const auto part = dot == std::string::npos ? rest : rest.substr(dot + 1);
        text = part == "*" ? fmt::format("[{}]", text) : fmt::format("{{'{}':{}}}", part, text);
        rest = dot == std::string::npos ? "" : rest.substr(0, dot);
      }
      auto tree = parse_json5(text).value();
      apply_moves(tree, {});
      auto again = tree;
      EXPECT_TRUE(apply_moves(again, {}).size() <= 1) << text << " " << dump_json(tree);
    }
  EXPECT_EQ(moved("{gateway: {token: 't', auth: 'closed'}}"),
            R"({"gateway":{"auth":"closed","token":"t"}})")
      << "nowhere to go: it stays";
  EXPECT_EQ(moved("{agent: 'text'}"), R"({"agent":"text"})");
}

TEST(Moves, PlacesAndSentences) {
  auto tree =
      parse_json5("{routing: {bindings: [{match: {provider: 'p'}}]}, gateway: {token: 't'}}")
          .value();
  const auto done = apply_moves(tree, {});
  ASSERT_EQ(done.size(), 3U);
  EXPECT_EQ(to_text(before_moves({"bindings", "0", "match", "channel"}, done)),
            "routing.bindings[0].match.provider");
  EXPECT_EQ(to_text(before_moves({"gateway", "auth", "token"}, done)), "gateway.token");
  EXPECT_EQ(to_text(before_moves({"gateway", "port"}, done)), "gateway.port");
  EXPECT_EQ(sentence(done[0]), "is gateway.auth.token today; it is read as that.");
}

TEST(Moves, RowsOfSomebodyElse) {
  constexpr MoveRow kRows[]{{.from = "old", .to = "new.place", .objects_only = true},
                            {.from = "gone", .to = ""},
                            {.from = "a.*.b", .to = "c.\\*.*"}};
  EXPECT_EQ(moved("{old: {x: 1}, new: {place: {x: 2, y: 3}}}", kRows),
            R"({"new":{"place":{"x":2,"y":3}}})");
  EXPECT_EQ(moved("{old: 'text', gone: 1}", kRows), R"({"old":"text"})");
  EXPECT_EQ(moved("{a: {k: {b: 1}}}", kRows), R"({"c":{"*":{"k":1}}})");
}

}  // namespace
}  // namespace carapace::config

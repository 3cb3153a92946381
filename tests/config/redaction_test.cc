#include "config/write/redaction.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace carapace::config {
namespace {

constexpr FieldRow key(std::string_view path, FieldType type = FieldType::text,
                       bool secret = false) {
  FieldRow row{.path = path, .type = type, .fallback = "", .description = "", .one_of = ""};
  row.secret = secret;
  return row;
}
constexpr FieldRow secret_key(std::string_view path, FieldType type = FieldType::text) {
  return key(path, type, true);
}
constexpr FieldRow kRows[] = {
    key("gateway.port", FieldType::integer),
    secret_key("gateway.auth.token"),
    secret_key("hooks.token"),
    secret_key("hooks.pin", FieldType::integer),
    key("names", FieldType::text_list),
    secret_key("keys", FieldType::text_list),
    key("list.*.id"),
    key("list.*.url"),
    secret_key("list.*.apiKey"),
};

class RedactionTest : public ::testing::Test {
 protected:
  Redaction over(std::string_view text) {
    tree_ = text.empty() ? json::value(json::object()) : parse_json5(text).value();
    return {schema_, {&tree_}};
  }
  std::string shown(std::string_view text) { return over(text).masked_text(text).value_or("null"); }
  // What comes of `sent` when `text` is the file.
  std::string back(std::string_view text, std::string_view sent) {
    const auto out = over(text).restored_text(sent, text, tree_);
    return out ? *out : "error: " + out.error().detail;
  }

  Schema schema_{kRows};
  json::value tree_;
};

TEST_F(RedactionTest, TakesSecretsOutOfTheTextAndNothingElse) {
  EXPECT_EQ(
      shown("// mine\n{\n  gateway: {\n    auth: { token: 'planted-1' }, // here\n    port: 0x10,\n"
            "  },\n  hooks: {token: \"planted-2\", pin: 1234},\n}\n"),
      "// mine\n{\n  gateway: {\n    auth: { token: '__CARAPACE_REDACTED__' }, // here\n"
      "    port: 0x10,\n  },\n  hooks: {token: \"__CARAPACE_REDACTED__\", "
      "pin: \"__CARAPACE_REDACTED__\"},\n}\n");
  EXPECT_EQ(shown("{hooks: {token: ''}}"), "{hooks: {token: ''}}");
  EXPECT_EQ(shown(""), "");
  EXPECT_EQ(shown("{hooks: {token: 'planted-1', token: 'planted-2'}}"),
            "{hooks: {token: '__CARAPACE_REDACTED__', token: '__CARAPACE_REDACTED__'}}")
      << "a secret that a later key hides is one too";
}

TEST_F(RedactionTest, ShowsReferencesButNothingEncrypted) {
  for (const auto* text :
       {"{hooks: {token: '${HOOK}'}}", "{hooks: {token: '${A}${B_2}'}}",
        "{hooks: {token: 'keychain:carapace/hook'}}", "{hooks: {token: 'file:/run/secrets/hook'}}",
        "{hooks: {token: 'exec:op read op://vault/hook'}}"})
    EXPECT_EQ(shown(text), text);
  for (const auto* text : {"{hooks: {token: 'half-${HOOK}'}}", "{hooks: {token: '${HOOK}half'}}",
                           "{hooks: {token: '${hook}'}}", "{hooks: {token: '$HOOK'}}",
                           "{hooks: {token: 'enc:v2:AAAA:BBBB:CCCC'}}"})
    EXPECT_EQ(shown(text), "{hooks: {token: '__CARAPACE_REDACTED__'}}") << text;
}

TEST_F(RedactionTest, FindsSecretsInCommentsAndOtherTexts) {
  EXPECT_EQ(shown("{\n  // was planted-1 before\n  hooks: {token: 'planted-1'}, /* planted-1 */\n"
                  "  names: ['x planted-1', 'fine'],\n}\n"),
            "{\n  // __CARAPACE_REDACTED__\n  hooks: {token: '__CARAPACE_REDACTED__'}, /* "
            "__CARAPACE_REDACTED__ */\n  names: ['__CARAPACE_REDACTED__', 'fine'],\n}\n");
  EXPECT_EQ(shown(fmt::format("{{names: ['sk-ant-api03-{}']}}", std::string(40, 'k'))),
            "{names: ['__CARAPACE_REDACTED__']}")
      << "the shape of a key says enough";
}

TEST_F(RedactionTest, ATextThatDoesNotParseIsNotShown) {
  EXPECT_EQ(over("{}").masked_text("{hooks: {token: 'planted-1'"), std::nullopt);
}

TEST_F(RedactionTest, WhatWasShownComesBackByteForByte) {
  for (const std::string text :
       {"// planted-1\n{\n  hooks: {token: 'planted-1', token: \"planted-2\", pin: 0x4d2},\n  /* "
        "planted-2 "
        "*/ gateway: {auth: {token: 'plan\\u0074ed-3'}, port: +1},\n  keys: ['a-secret', "
        "\"b-secret\"], list: [{id: 'x', apiKey: 'secret-x'}, {apiKey: 'no-name'}],\n}\n",
        "{\"hooks\":{\"token\":\"planted-1\"},\"names\":[\"planted-1!\"]}"}) {
    EXPECT_EQ(shown(text).find("planted"), std::string::npos) << shown(text);
    EXPECT_EQ(back(text, shown(text)), text);
  }
}

TEST_F(RedactionTest, ASentenceNamesTheMarkWhole) {
  const Redaction redaction(schema_, {});
  const std::string sentence = "hooks.token: __CARAPACE_REDACTED__ stands for a secret";
  EXPECT_EQ(redaction.masked_sentence(sentence), sentence);
  EXPECT_EQ(redaction.masked_sentence("token: __CARAPACE_REDACTED__ token: abcdefghijklmnopqrstuv"),
            "token: __CARAPACE_REDACTED__ token: abcdef…stuv");
}

TEST_F(RedactionTest, KeepsTheValueWhileTheRestChanges) {
  const std::string text = "{hooks: {token: 'planted-1'}, gateway: {port: 1}}";
  EXPECT_EQ(
      back(text, "{\"gateway\": {\"port\": 2}, \"hooks\": {\"token\": \"__CARAPACE_REDACTED__\"}}"),
      "{\"gateway\": {\"port\": 2}, \"hooks\": {\"token\": \"planted-1\"}}")
      << "what comes as plain JSON stays plain JSON";
}

TEST_F(RedactionTest, AMarkWithoutAValueIsRefused) {
  const std::string text = "{hooks: {token: 'planted-1'}}";
  for (const auto* sent :
       {"{gateway: {auth: {token: '__CARAPACE_REDACTED__'}}}",
        "{hooks: {token: 'x__CARAPACE_REDACTED__'}}", "{hooks: {pin: '__CARAPACE_REDACTED__'}}",
        "{names: ['__CARAPACE_REDACTED__']}", "{gateway: {port: '__CARAPACE_REDACTED__'}}",
        "{__CARAPACE_REDACTED__: 1}", "{ // __CARAPACE_REDACTED__\n}",
        "{hooks: {token: '', token: '__CARAPACE_REDACTED__'}, "
        "x: {'__CARAPACE_REDACTED__': 1}}"}) {
    EXPECT_EQ(back(text, sent).substr(0, 6), "error:") << back(text, sent);
    EXPECT_EQ(back(text, sent).find("planted"), std::string::npos);
  }
}

TEST_F(RedactionTest, ListsGoByTheIdOfTheirItems) {
  const std::string text = "{list: [{id: 'a', apiKey: 'secret-a'}, {id: 'b', apiKey: 'secret-b'}]}";
  EXPECT_EQ(
      back(text,
           "{list: [{id: 'b', apiKey: '__CARAPACE_REDACTED__'}, {id: 'a', url: 'u', apiKey: "
           "'__CARAPACE_REDACTED__'}, {id: 'c', apiKey: 'secret-c'}]}"),
      "{list: [{id: 'b', apiKey: 'secret-b'}, {id: 'a', url: 'u', apiKey: 'secret-a'}, {id: 'c', "
      "apiKey: 'secret-c'}]}");
  EXPECT_EQ(back(text, "{list: [{id: 'c', apiKey: '__CARAPACE_REDACTED__'}]}").substr(0, 6),
            "error:")
      << "an item of another name has another secret";
  EXPECT_EQ(back(text,
                 "{list: [{id: 'a', apiKey: '__CARAPACE_REDACTED__'}, {id: 'a', apiKey: "
                 "'__CARAPACE_REDACTED__'}]}")
                .substr(0, 6),
            "error:");
}

TEST_F(RedactionTest, ListsWithoutIdsOnlyWhereNothingElseCanBeMeant) {
  const std::string text =
      "{list: [{url: 'a', apiKey: 'secret-a'}, {url: 'b', apiKey: 'secret-b'}]}";
  const auto item = [](std::string_view url) {
    return fmt::format("{{url: '{}', apiKey: '__CARAPACE_REDACTED__'}}", url);
  };
  const auto sent = [&](std::string_view a, std::string_view b) {
    return fmt::format("{{list: [{}, {}]}}", item(a), item(b));
  };
  EXPECT_EQ(back(text, sent("a", "b")), text);
  EXPECT_EQ(back(text, sent("b", "a")),
            "{list: [{url: 'b', apiKey: 'secret-b'}, {url: 'a', apiKey: 'secret-a'}]}");
  EXPECT_EQ(back(text, sent("a", "c")),
            "{list: [{url: 'a', apiKey: 'secret-a'}, {url: 'c', apiKey: 'secret-b'}]}")
      << "all others stand where they stood";
  EXPECT_EQ(back(text, fmt::format("{{list: [{}]}}", item("b"))),
            "{list: [{url: 'b', apiKey: 'secret-b'}]}");
  EXPECT_EQ(back(text, sent("c", "d")).substr(0, 6), "error:");
  EXPECT_EQ(back(text, fmt::format("{{list: [{}]}}", item("c"))).substr(0, 6), "error:");
  EXPECT_EQ(
      back("{keys: ['secret-a', 'secret-b']}", "{keys: ['__CARAPACE_REDACTED__']}").substr(0, 6),
      "error:")
      << "which of the two was taken out?";
  EXPECT_EQ(back("{keys: ['secret-a', 'secret-b']}",
                 "{keys: ['__CARAPACE_REDACTED__', '__CARAPACE_REDACTED__', 'new-one']}"),
            "{keys: ['secret-a', 'secret-b', 'new-one']}");
}

TEST_F(RedactionTest, TreesGoTheSameWay) {
  const auto redaction = over("{hooks: {token: 'planted-1', pin: 7}, names: ['planted-1']}");
  EXPECT_EQ(dump_json(redaction.masked(tree_)),
            R"({"hooks":{"token":"__CARAPACE_REDACTED__","pin":"__CARAPACE_REDACTED__"},)"
            R"("names":["__CARAPACE_REDACTED__"]})");
  EXPECT_EQ(dump_json(*redaction.restored(redaction.masked(tree_), tree_)), dump_json(tree_));
  EXPECT_EQ(redaction.masked_sentence("bad planted-1 here"), "bad __CARAPACE_REDACTED__ here");
}

}  // namespace
}  // namespace carapace::config

// Secrets and guarded keys: what stands for them, what keeps them, and who may change them.
#include <gtest/gtest.h>

#include "config/write/redaction.h"
#include "config/write/writer_fixture.h"
#include "secret/sealed.h"

namespace carapace::config {
namespace {

TEST_F(WriterTest, ProtectedValuesChangeOnlyAtTheMachine) {
  const std::string text =
      "{gateway: {auth: {mode: 'token', token: 'planted-1'}, port: 1}, "
      "models: {providers: {x: {baseUrl: 'http://a', apiKey: 'planted-2', timeout: 1}}}}\n";
  const auto refused = [&](std::string_view patch, std::string_view key) {
    write_text(file_, text);
    const auto out = far_patch(patch);
    EXPECT_EQ(out.find(fmt::format("refused: {} is protected", key)), 0U) << out;
    EXPECT_EQ(out.find("planted"), std::string::npos) << out;
    EXPECT_EQ(read_text(file_), text);
  };
  refused("{gateway: {auth: {token: 'other'}}}", "gateway.auth.token");
  refused("{gateway: {auth: {mode: 'password'}}}", "gateway.auth.mode");
  refused("{gateway: {auth: null}}", "gateway.auth.mode");
  refused("{gateway: null}", "gateway.auth.mode");
  refused("{models: {providers: {x: null}}}", "models.providers.x.baseUrl");
  refused("{models: {providers: {x: {baseUrl: 'http://b'}}}}", "models.providers.x.baseUrl");
  refused("{models: {providers: {y: {baseUrl: 'http://b'}}}}", "models.providers.y.baseUrl");
  refused("{hooks: {token: 'new'}}", "hooks.token");
  refused("{gateway: {controlUi: {allowInsecureAuth: true}}}",
          "gateway.controlUi.allowInsecureAuth");
  write_text(file_, text);
  EXPECT_EQ(far_patch("{gateway: {controlUi: {allowInsecureAuth: false}}}").find("{gateway"), 0U)
      << "the default is no change";
  write_text(file_, text);
  EXPECT_EQ(far_set("{gateway: {port: 2}}").find("refused: gateway.auth.mode"), 0U);
  EXPECT_EQ(
      far_patch("{models: {providers: {x: {timeout: 2}}}, gateway: {auth: {token: 'planted-1'}}}")
          .find("{gateway"),
      0U)
      << "the same value is no change";
  const Redaction redaction(schema_, {});
  auto shown = redaction.masked_text(read_text(file_)).value();
  EXPECT_EQ(far_set(shown), read_text(file_)) << "and neither is the mark";
  EXPECT_NE(patch("{gateway: {auth: {token: 'other'}}}").find("'token', token: \"other\""),
            std::string::npos)
      << "the owner may";
}

TEST_F(WriterTest, MarksKeepWhatTheyStandFor) {
  write_text(file_, "{hooks: {token: 'planted-1', path: '/a'}}\n");
  EXPECT_EQ(far_patch("{hooks: {token: '__CARAPACE_REDACTED__', path: '/b'}}"),
            "{hooks: {token: 'planted-1', path: \"/b\"}}\n");
  EXPECT_EQ(far_patch("{gateway: {auth: {token: '__CARAPACE_REDACTED__'}}}")
                .find("refused: gateway.auth.token"),
            0U);
  EXPECT_EQ(far_set("{hooks: {path: '/c', token: '__CARAPACE_REDACTED__'}}"),
            "{hooks: {path: '/c', token: 'planted-1'}}\n");
  auto request = remote();
  ASSERT_TRUE(writer().set({"hooks", "token"}, json::string(kRedactedMark), request));
  EXPECT_EQ(read_text(file_), "{hooks: {path: '/c', token: 'planted-1'}}\n");
}

// What a reference stands for, given again, is no change: its text stays.
TEST_F(WriterTest, ReferencesStayWhereTheyGiveTheValue) {
  environment_["TOKEN"] = "planted-1";
  environment_["NAME"] = "one";
  const std::string text =
      "{hooks: {token: '${TOKEN}', path: '/${NAME}'}, names: ['${NAME}', 'two', '${NAME}s']}\n";
  write_text(file_, text);
  EXPECT_EQ(far_patch("{hooks: {token: 'planted-1', path: '/one'}, names: ['one', 'two', 'ones']}"),
            text);
  EXPECT_EQ(far_patch("{hooks: {token: '__CARAPACE_REDACTED__'}}"), text)
      << "a mark for a reference too";
  EXPECT_EQ(far_patch("{names: ['ones', 'three', 'one']}"),
            "{hooks: {token: '${TOKEN}', path: '/${NAME}'}, "
            "names: [\"${NAME}s\", \"three\", \"${NAME}\"]}\n");
  write_text(file_, text);
  ASSERT_TRUE(writer().set({"hooks", "token"}, "planted-1", remote()));
  EXPECT_EQ(read_text(file_), text);
  ASSERT_TRUE(writer().set({"hooks", "path"}, "/one", owner()));
  EXPECT_TRUE(read_text(file_).contains("path: \"/one\"")) << "the owner means what he writes";
  EXPECT_TRUE(far_patch("{hooks: {token: 'planted-2'}}").contains("hooks.token is protected"));
}

TEST_F(WriterTest, AnOlderSpellingIsNoWayAroundTheGuard) {
  write_text(file_, "{gateway: {auth: {token: 'planted-1'}}}\n");
  EXPECT_TRUE(
      far_set("{gateway: {token: 'planted-2'}}").contains("gateway.auth.token is protected"));
  EXPECT_EQ(far_set("{gateway: {token: 'planted-1'}}"), "{gateway: {token: 'planted-1'}}\n")
      << "the value is the same";
  EXPECT_EQ(far_set("{gateway: {auth: {token: 'planted-1'}}}"),
            "{gateway: {auth: {token: 'planted-1'}}}\n");
}

TEST_F(WriterTest, NewSecretsAreSealedAndOldOnesStaySealed) {
  envelopes_ = std::make_unique<secret::Envelopes>(secret::Sealed(std::string("password")));
  write_text(file_, "{hooks: {token: 'old-plain', path: '/a'}}\n");
  const auto done = writer().patch("{gateway: {auth: {token: 'planted-1'}}}", owner());
  ASSERT_TRUE(done) << told(done);
  auto text = read_text(file_);
  EXPECT_EQ(text.find("planted"), std::string::npos) << text;
  EXPECT_NE(text.find("token: 'old-plain'"), std::string::npos) << "what has not changed stays";
  EXPECT_NE(text.find("enc:v2:"), std::string::npos);
  ASSERT_TRUE(
      writer().patch("{gateway: {auth: {token: 'planted-1'}}, ui: {seamColor: '#1'}}", owner()));
  const auto sealed = text.substr(text.find("enc:v2:"), 60);
  EXPECT_NE(read_text(file_).find(sealed), std::string::npos)
      << "the same secret keeps its envelope";
  ASSERT_TRUE(writer().patch("{hooks: {token: '${HOME}'}}", owner()));
  EXPECT_NE(read_text(file_).find("${HOME}"), std::string::npos) << "references are not sealed";
  ASSERT_TRUE(writer().patch("{gateway: {auth: {token: 'planted-2'}}}", owner()));
  EXPECT_EQ(read_text(file_).find(sealed), std::string::npos);
}

// Each salt costs whoever reads the file a key derivation.
TEST_F(WriterTest, WritersThatComeOneAfterAnotherSealUnderOneSalt) {
  write_text(file_, "{}\n");
  std::set<std::string> salts;
  for (const auto& path : {KeyPath{"gateway", "auth", "token"}, KeyPath{"hooks", "token"}}) {
    envelopes_ = std::make_unique<secret::Envelopes>(secret::Sealed(std::string("password")));
    const auto done = writer().set(path, "planted", owner());
    ASSERT_TRUE(done) << told(done);
    const auto text = read_text(file_);
    for (auto at = text.find("enc:v2:"); at != std::string::npos;
         at = text.find("enc:v2:", at + 1)) {
      const auto envelope = text.substr(at, text.find('"', at) - at);
      salts.insert(envelope.substr(envelope.rfind(':')));
    }
  }
  EXPECT_EQ(salts.size(), 1U);
}

TEST_F(WriterTest, WhatIsLockedIsNotReplacedByPlainText) {
  const std::string text =
      "{hooks: {token: "
      "'enc:v2:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAA==', "
      "path: '/a'}}\n";
  write_text(file_, text);
  EXPECT_EQ(writer().set({"hooks", "token"}, "plain", owner()).error().why, Refused::protected_key);
  EXPECT_EQ(far_set("{hooks: {token: 'plain'}}").find("refused: hooks.token"), 0U);
  EXPECT_EQ(read_text(file_), text);
  EXPECT_NE(far_patch("{hooks: {path: '/b'}}").find("enc:v2:AAAA"), std::string::npos);
}

// What is refused never quotes a secret.
TEST_F(WriterTest, NoRefusalHoldsASecret) {
  write_text(file_, "{hooks: {token: 'planted-1'}, gateway: {auth: {token: 'planted-1'}}}");
  for (const auto* patch :
       {"{hooks: {token: ['planted-1']}}", "{hooks: {token: {a: 'planted-1'}}}",
        "{hooks: {token: planted-1}}", "{hooks: {token: 'planted-1'", "{hooks: 'planted-1'}",
        "{gateway: {port: 'planted-1'}}", "{gateway: {auth: {token: null}}}",
        "{gateway: {auth: {token: 'planted-2'}}}"}) {
    const auto out = far_patch(patch);
    EXPECT_EQ(out.find("refused:"), 0U) << patch;
    EXPECT_EQ(out.find("planted"), std::string::npos) << out;
  }
}

}  // namespace
}  // namespace carapace::config

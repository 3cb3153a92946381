#include "config/write/writer.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include "base/json.h"
#include "base/make_row.h"
#include "config/history.h"
#include "config/write/redaction.h"
#include "fs/lock.h"
#include "secret/envelope.h"
#include "secret/hash.h"
#include "secret/sealed.h"
#include "support/temp_dir.h"

namespace carapace::config {
namespace {

using test::mode_of;
using test::read_text;
using test::TempDir;
using test::write_text;

constexpr FieldRow key(std::string_view path, FieldType type = FieldType::text) {
  return {.path = path, .type = type, .fallback = "", .description = "", .one_of = ""};
}
constexpr FieldRow secret_key(std::string_view path) {
  auto row = key(path);
  row.secret = true;
  return row;
}
constexpr FieldRow guarded_key(std::string_view path) {
  auto row = key(path);
  row.guarded = true;
  return row;
}
constexpr FieldRow port() {
  auto row = key("gateway.port", FieldType::integer);
  row.min = 1;
  row.max = 65535;
  return row;
}
constexpr FieldRow bind() {
  auto row = key("gateway.bind");
  row.one_of = "loopback|lan";
  return row;
}
constexpr FieldRow guarded_flag() {
  auto row = key("gateway.controlUi.allowInsecureAuth", FieldType::boolean);
  row.guarded = true;
  row.fallback = "false";
  return row;
}
constexpr FieldRow kRows[] = {
    port(),
    bind(),
    guarded_key("gateway.auth.mode"),
    guarded_flag(),
    secret_key("gateway.auth.token"),
    secret_key("hooks.token"),
    key("hooks.path"),
    key("ui.seamColor"),
    key("names", FieldType::text_list),
    key("models.providers", FieldType::map),
    guarded_key("models.providers.*.baseUrl"),
    secret_key("models.providers.*.apiKey"),
    key("models.providers.*.timeout", FieldType::integer),
    key("agents.defaults.model", FieldType::object),
    key("agents.list", FieldType::object_list),
    make_row::required(key("agents.list.*.id")),
    key("agents.list.*.name"),
    key("agents.defaults.model.primary"),
};

class StoppedClock final : public Clock {
 public:
  std::int64_t wall_ms() const override {
    if (meanwhile) meanwhile();
    return 1'700'000'000'000;
  }
  std::function<void()> meanwhile = {};  // between reading and writing
  std::int64_t steady_ms() const override { return 0; }
};

class WriterTest : public ::testing::Test {
 protected:
  Writer writer() {
    return Writer({.file = file_,
                   .state_dir = dir_.path(),
                   .schema = schema_,
                   .environment = Environment(environment_),
                   .version = "1.2.3",
                   .clock = clock_,
                   .random = random_,
                   .envelopes = envelopes_.get()});
  }
  static WriteRequest owner() { return {.by = "test"}; }
  WriteRequest remote() {
    return {.by = "test", .base_hash = hash(), .needs_hash = true, .hand = Hand::remote};
  }
  std::string hash() { return secret::sha256_hex(read_text(file_)); }
  // The file after the patch, or why not.
  std::string patch(std::string_view text) { return told(writer().patch(text, owner())); }
  std::string far_patch(std::string_view text) { return told(writer().patch(text, remote())); }
  std::string far_set(std::string_view text) { return told(writer().replace(text, remote())); }
  std::string told(const WriteResult& result) {
    if (result) return read_text(file_);
    std::string out = "refused: " + result.error().error.detail;
    for (const auto& issue : wire_issues(result.error().issues))
      out += fmt::format(" [{}: {}]", issue.path, issue.message);
    return out;
  }
  HistoryList history() { return History(dir_.path(), random_).list().value(); }

  TempDir dir_;
  std::string file_ = dir_ / "carapace.json5";
  Schema schema_{kRows};
  std::map<std::string, std::string, std::less<>> environment_{{"HOME", dir_.path()}};
  StoppedClock clock_;
  SystemRandom random_;
  std::unique_ptr<secret::Envelopes> envelopes_;
};

TEST_F(WriterTest, MakesTheFileOwnerOnly) {
  file_ = dir_ / "new/carapace.json5";
  const auto done = writer().patch("{gateway: {port: 8080}}", owner());
  ASSERT_TRUE(done) << done.error().error.detail;
  EXPECT_TRUE(done->changed);
  EXPECT_EQ(done->paths, std::vector<std::string>{"gateway.port"});
  EXPECT_EQ(read_text(file_), "{\n  \"gateway\": {\n    \"port\": 8080\n  }\n}\n");
  EXPECT_EQ(done->hash, hash());
  EXPECT_EQ(mode_of(file_), 0600U);
}

TEST_F(WriterTest, KeepsCommentsReferencesAndMode) {
  write_text(
      file_,
      "// mine\n{\n  gateway: {\n    port: 1, // one\n  },\n  hooks: {path: '${HOME}'},\n}\n");
  EXPECT_EQ(patch("{gateway: {port: 2, bind: 'lan'}}"),
            "// mine\n{\n  gateway: {\n    port: 2, // one\n    bind: \"lan\",\n  },\n"
            "  hooks: {path: '${HOME}'},\n}\n");
  ASSERT_TRUE(writer().set({"hooks", "path"}, "/x", owner()));
  ASSERT_TRUE(writer().unset({"gateway", "bind"}, owner()));
  EXPECT_EQ(read_text(file_),
            "// mine\n{\n  gateway: {\n    port: 2, // one\n  },\n  hooks: {path: \"/x\"},\n}\n");
  EXPECT_EQ(writer().unset({"gateway", "bind"}, owner()).error().error.code, Errc::not_found);
  EXPECT_EQ(mode_of(file_), 0600U);
}

TEST_F(WriterTest, AWholeFileIsWrittenAsGiven) {
  write_text(file_, "{gateway: {port: 1}}");
  EXPECT_EQ(far_set("/* new */ {gateway: {port: 0x2},}"), "/* new */ {gateway: {port: 0x2},}\n");
  const auto again = writer().replace("/* new */ {gateway: {port: 0x2},}", remote());
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->changed);
  EXPECT_EQ(far_set("[1]").substr(0, 8), "refused:");
  EXPECT_EQ(far_set("{{"), "refused: SyntaxError: JSON5: invalid character '{' at 1:2");
  EXPECT_EQ(far_set("{nope"), "refused: SyntaxError: JSON5: invalid end of input at 1:6");
  EXPECT_EQ(far_set("{\n  a: {\n"), "refused: SyntaxError: JSON5: invalid end of input at 3:1");
  EXPECT_EQ(far_set("  "), "refused: SyntaxError: JSON5: invalid end of input at 1:3");
}

TEST_F(WriterTest, TheHashIsAskedForAndCompared) {
  auto request = remote();
  request.base_hash.reset();
  ASSERT_TRUE(writer().patch("{gateway: {port: 1}}", request)) << "a new file has no hash";
  const auto why = [&](std::optional<std::string> given) {
    request.base_hash = std::move(given);
    const auto result = writer().patch("{gateway: {port: 2}}", request);
    return result ? "written" : result.error().error.detail;
  };
  EXPECT_EQ(why(std::nullopt), "config base hash required; re-run config.get and retry");
  EXPECT_EQ(why(" "), "config base hash required; re-run config.get and retry");
  EXPECT_EQ(why("deadbeef"), "config changed since last load; re-run config.get and retry");
  EXPECT_EQ(why(hash()), "written");
  std::filesystem::remove(file_);
  std::filesystem::create_directory(file_);
  EXPECT_EQ(why("x"), "config base hash unavailable; re-run config.get and retry");
}

TEST_F(WriterTest, WhatIsInvalidIsRefusedWithTheIssue) {
  write_text(file_, "{gateway: {port: 1}}");
  EXPECT_EQ(
      patch("{gateway: {port: 'x'}}"),
      "refused: invalid config [gateway.port: Invalid input: expected number, received string]");
  EXPECT_EQ(patch("{bogusKey: 1}"), "refused: invalid config [: Unrecognized key: \"bogusKey\"]");
  EXPECT_EQ(patch("[1]"), "refused: config.patch raw must be an object");
  EXPECT_EQ(patch("{nope"), "refused: SyntaxError: JSON5: invalid end of input at 1:6");
  EXPECT_EQ(read_text(file_), "{gateway: {port: 1}}");
}

TEST_F(WriterTest, WhatIsRequiredIsNotLeftOutAnew) {
  write_text(file_, "{agents: {list: [{id: 'a'}]}}");
  const auto* refused =
      "refused: invalid config [agents.list.0.id: Invalid input: expected string, received "
      "undefined]";
  EXPECT_EQ(patch("{agents: {list: [{name: 'x'}]}}"), refused);
  EXPECT_EQ(patch("{agents: {list: [{}]}}"), refused);
  write_text(file_, "{agents: {list: [{name: 'x'}]}}");
  EXPECT_EQ(patch("{gateway: {port: 7}}"), "{agents: {list: [{name: 'x'}]}, gateway: {port: 7}}\n");
}

TEST_F(WriterTest, WhatStoodThereBeforeDoesNotBlock) {
  write_text(file_, "{gateway: {port: 0, bind: 'mars'}, mystery: 1}");
  EXPECT_EQ(patch("{gateway: {port: 7}}"), "{gateway: {port: 7, bind: 'mars'}, mystery: 1}\n");
  EXPECT_EQ(patch("{gateway: {bind: 'venus'}, names: ['x']}").substr(0, 8), "{gateway")
      << "as bad as before";
  EXPECT_EQ(patch("{gateway: {port: 0}}").substr(0, 8), "refused:") << "worse than before";
  EXPECT_EQ(patch("{mystery: null}"), "{gateway: {port: 7, bind: \"venus\"}, names: [\"x\"]}\n");
  EXPECT_EQ(patch("{mystery: 1}").substr(0, 8), "refused:");
}

TEST_F(WriterTest, AFileThatDoesNotParseIsNotOverwritten) {
  write_text(file_, "{broken");
  EXPECT_EQ(far_patch("{gateway: {port: 1}}").find("refused: invalid config; fix before patching"),
            0U);
  EXPECT_EQ(far_set("{gateway: {port: 1}}").find("refused: invalid config"), 0U);
  EXPECT_EQ(writer().set({"gateway", "port"}, 1, owner()).error().why, Refused::broken);
  EXPECT_EQ(read_text(file_), "{broken");
  EXPECT_TRUE(writer().replace("{gateway: {port: 1}}", owner())) << "the owner may replace it";
  EXPECT_EQ(history().entries.back().files.front().text, "{broken") << "and has it in the history";
}

TEST_F(WriterTest, NothingIsWrittenWhereConfigurationIsManaged) {
  write_text(file_, "{}");
  for (const auto* name : {"NIX_MODE", "CARAPACE_NIX_MODE"}) {
    environment_ = {{name, "1"}};
    const auto result = writer().patch("{gateway: {port: 1}}", owner());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().why, Refused::read_only);
  }
  environment_ = {{"NIX_MODE", "0"}};
  EXPECT_TRUE(writer().patch("{gateway: {port: 1}}", owner()));
}

TEST_F(WriterTest, WritesThroughALinkAndKeepsIt) {
  write_text(dir_ / "real.json5", "{gateway: {port: 1}}");
  ASSERT_EQ(::symlink("real.json5", file_.c_str()), 0);
  EXPECT_EQ(patch("{gateway: {port: 2}}"), "{gateway: {port: 2}}\n");
  EXPECT_TRUE(std::filesystem::is_symlink(file_));
  EXPECT_EQ(read_text(dir_ / "real.json5"), "{gateway: {port: 2}}\n");
}

TEST_F(WriterTest, MakesTheFileThatALinkPointsAt) {
  std::filesystem::create_directory(dir_ / "dotfiles");
  ASSERT_EQ(::symlink("dotfiles/carapace.json5", file_.c_str()), 0);
  EXPECT_EQ(patch("{gateway: {port: 2}}"), "{\n  \"gateway\": {\n    \"port\": 2\n  }\n}\n");
  EXPECT_TRUE(std::filesystem::is_symlink(file_));
  EXPECT_TRUE(std::filesystem::is_regular_file(dir_ / "dotfiles/carapace.json5"));
  // Who comes by the other name takes the same lock.
  EXPECT_TRUE(std::filesystem::exists(dir_ / "dotfiles/carapace.json5.lock"));
  EXPECT_FALSE(std::filesystem::exists(file_ + ".lock"));
}

// An editor knows no lock.
TEST_F(WriterTest, WhatAnEditorSavesMeanwhileIsNotWrittenOver) {
  write_text(file_, "{gateway: {port: 1}}");
  clock_.meanwhile = [this] { write_text(file_, "{gateway: {port: 7}}"); };
  for (const auto& request : {owner(), remote()})
    EXPECT_TRUE(told(writer().patch("{ui: {seamColor: 'x'}}", request))
                    .contains("changed since last load"));
  EXPECT_EQ(read_text(file_), "{gateway: {port: 7}}");
  std::filesystem::remove(file_);
  clock_.meanwhile = [this] { write_text(file_, "{gateway: {port: 8}}"); };
  EXPECT_TRUE(told(writer().replace("{}", owner())).contains("changed since last load"));
  EXPECT_EQ(read_text(file_), "{gateway: {port: 8}}");
  clock_.meanwhile = {};
  EXPECT_TRUE(writer().patch("{gateway: {port: 9}}", owner()));
}

TEST_F(WriterTest, WhatAKilledWriterLeftIsTakenAway) {
  write_text(file_, "{hooks: {token: 'planted'}}");
  write_text(dir_ / ".carapace.json5.tmp.4711.0", "{hooks: {token: 'planted'}}");
  ASSERT_TRUE(writer().patch("{gateway: {port: 2}}", owner()));
  EXPECT_FALSE(std::filesystem::exists(dir_ / ".carapace.json5.tmp.4711.0"));
}

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

TEST_F(WriterTest, AnItemOfAnIncludedListIsNotMadeUp) {
  write_text(dir_ / "base.json5", "{names: ['x', 'y']}");
  write_text(file_, "{$include: './base.json5'}\n");
  for (const auto* part : {"0", "2"}) {
    const auto done = writer().set({"names", part}, "z", owner());
    ASSERT_FALSE(done);
    EXPECT_TRUE(done.error().error.detail.starts_with("names comes from the included file"))
        << done.error().error.detail;
  }
  EXPECT_EQ(read_text(file_), "{$include: './base.json5'}\n");
}

TEST_F(WriterTest, IncludedFilesStayAndAreWrittenOver) {
  write_text(dir_ / "base.json5", "{hooks: {token: 'planted-1', path: '/a'}, names: ['x']}");
  write_text(file_, "{\n  $include: './base.json5', // base\n  gateway: {port: 1},\n}\n");
  EXPECT_EQ(far_patch("{hooks: {path: '/b', token: '__CARAPACE_REDACTED__'}}"),
            "{\n  $include: './base.json5', // base\n  gateway: {port: 1},\n  hooks: {\n"
            "    path: \"/b\"\n  },\n}\n");
  EXPECT_EQ(read_text(dir_ / "base.json5"),
            "{hooks: {token: 'planted-1', path: '/a'}, names: ['x']}");
  const auto refused = far_patch("{hooks: null}");
  EXPECT_EQ(refused.find("refused: hooks"), 0U) << refused;
  EXPECT_NE(refused.find("base.json5"), std::string::npos) << refused;
  EXPECT_NE(far_patch("{names: null}").find("base.json5"), std::string::npos);
  EXPECT_EQ(writer().unset({"names"}, owner()).error().error.code, Errc::conflict);
  EXPECT_NE(told(writer().set({"names", "0"}, "y", owner())).find("refused:"), std::string::npos);
  EXPECT_EQ(far_patch("{gateway: {port: null}}"),
            "{\n  $include: './base.json5', // base\n  gateway: {},\n  hooks: {\n"
            "    path: \"/b\"\n  },\n}\n");
}

TEST_F(WriterTest, APatchCanBringAnInclude) {
  write_text(dir_ / "base.json5", "{gateway: {port: 5}}");
  write_text(file_, "{}\n");
  EXPECT_EQ(patch("{$include: './base.json5'}"), "{\n  $include: \"./base.json5\"\n}\n");
  EXPECT_EQ(patch("{$include: './missing.json5'}").find("refused: invalid config"), 0U);
  EXPECT_EQ(patch("{$include: null}"), "{\n}\n");
}

TEST_F(WriterTest, StampsWhereStampsAre) {
  write_text(file_, "{\n  meta: {lastTouchedVersion: '1.0.0', lastTouchedAt: 'x'}, // meta\n}\n");
  EXPECT_EQ(
      patch("{gateway: {port: 1}}"),
      "{\n  meta: {lastTouchedVersion: \"1.2.3\", lastTouchedAt: \"2023-11-14T22:13:20.000Z\"}, // "
      "meta\n  gateway: {\n    port: 1\n  },\n}\n");
}

TEST_F(WriterTest, WarnsOfAFileOfANewerVersion) {
  const auto warnings = [&](std::string_view version) {
    write_text(file_, fmt::format("{{meta: {{lastTouchedVersion: '{}'}}}}", version));
    return writer().patch("{gateway: {port: 1}}", owner())->warnings.size();
  };
  EXPECT_EQ(warnings("1.2.4"), 1U);
  EXPECT_EQ(warnings("2.0"), 1U);
  EXPECT_EQ(warnings("1.2.3"), 0U);
  EXPECT_EQ(warnings("1.2.3-4"), 0U);
  EXPECT_EQ(warnings("2026.1.24-3"), 0U) << "another program, which counts in years";
  EXPECT_EQ(warnings("what"), 0U);
}

TEST_F(WriterTest, TheHistoryHoldsWhatWasAndWhatIs) {
  write_text(file_, "{gateway: {port: 1}}");
  ASSERT_TRUE(writer().patch("{gateway: {port: 2}}", owner()));
  ASSERT_TRUE(writer().patch("{gateway: {port: 3}}", owner()));
  const auto entries = history().entries;
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].files.front().text, "{gateway: {port: 3}}\n");
  EXPECT_EQ(entries[0].by, "test");
  EXPECT_EQ(entries[0].hash, hash());
  EXPECT_EQ(entries[2].files.front().text, "{gateway: {port: 1}}");
  ASSERT_TRUE(writer().roll_back(entries[2].number, owner()));
  EXPECT_EQ(read_text(file_), "{gateway: {port: 1}}");
  EXPECT_EQ(writer().roll_back(99, owner()).error().error.code, Errc::not_found);
}

TEST_F(WriterTest, ARollBackBringsIncludedFilesBack) {
  write_text(dir_ / "base.json5", "{names: ['old']}");
  write_text(file_, "{$include: './base.json5'}");
  ASSERT_TRUE(writer().patch("{gateway: {port: 2}}", owner()));
  const auto number = history().entries.front().number;
  write_text(dir_ / "base.json5", "{names: ['new']}");
  ASSERT_TRUE(writer().patch("{gateway: {port: 3}}", owner()));
  const auto back = writer().roll_back(number, owner());
  ASSERT_TRUE(back) << back.error().error.detail;
  EXPECT_EQ(read_text(dir_ / "base.json5"), "{names: ['old']}");
  EXPECT_NE(read_text(file_).find("port: 2"), std::string::npos);
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

TEST_F(WriterTest, TheShortFormOfAModelIsFollowed) {
  write_text(file_, "{agents: {defaults: {model: 'a/b'}}}");
  const auto done = writer().set({"agents", "defaults", "model", "primary"}, "c/d", owner());
  ASSERT_TRUE(done) << done.error().error.detail;
  EXPECT_EQ(read_text(file_), "{agents: {defaults: {model: \"c/d\"}}}\n");
}

TEST_F(WriterTest, ADryRunWritesNothing) {
  write_text(file_, "{gateway: {port: 1}}");
  auto request = owner();
  request.dry_run = true;
  const auto done = writer().patch("{gateway: {port: 2}}", request);
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->changed);
  EXPECT_EQ(read_text(file_), "{gateway: {port: 1}}");
  EXPECT_TRUE(history().entries.empty());
}

// Each reads the file, adds its own name and patches with the hash that it has seen: what is told
// to be applied stands in the file, and nothing else does.
TEST_F(WriterTest, SixtyFourWritersLoseNothing) {
  write_text(file_, "{names: []}\n");
  std::mutex held;
  std::set<std::string> applied;
  int stale = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 64; ++i)
    threads.emplace_back([&, name = std::to_string(i)] {
      const auto text = read_text(file_);
      auto tree = parse_json5(text).value();
      tree.at("names").as_array().emplace_back(name);
      const auto done =
          writer().patch(dump_json(tree),
                         {.by = "test", .base_hash = secret::sha256_hex(text), .needs_hash = true});
      const std::lock_guard guard(held);
      if (done) {
        applied.insert(name);
      } else {
        EXPECT_EQ(done.error().why, Refused::stale) << done.error().error.detail;
        ++stale;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_GE(applied.size(), 1U);
  EXPECT_EQ(applied.size() + static_cast<std::size_t>(stale), 64U);
  std::set<std::string> found;
  for (const auto& name : parse_json5(read_text(file_))->at("names").as_array())
    found.emplace(name.as_string());
  EXPECT_EQ(found, applied);
}

TEST_F(WriterTest, AHeldLockIsWaitedForAndThenToldOf) {
  write_text(file_, "{}");
  auto lock = fs::try_lock(file_ + ".lock");
  ASSERT_TRUE(lock);
  std::thread holder([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    lock->reset();
  });
  EXPECT_TRUE(writer().patch("{gateway: {port: 1}}", owner()));
  holder.join();
}

// A child that may write so many bytes to a file: the disk is full in the middle of a write.
TEST_F(WriterTest, AFullDiskLeavesTheOldFile) {
  const std::string text = "{gateway: {port: 1}}\n";
  write_text(file_, text);
  ASSERT_TRUE(writer().patch("{gateway: {port: 2}}", owner()));
  const auto before = read_text(file_);
  for (const rlim_t limit : {0, 1, 8, 100, 150, 200, 300}) {
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      std::signal(SIGXFSZ, SIG_IGN);
      const rlimit bound{limit, limit};
      ::setrlimit(RLIMIT_FSIZE, &bound);
      const auto done =
          writer().patch(fmt::format("{{names: ['{}']}}", std::string(400, 'x')), owner());
      ::_exit(done ? 1 : 0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "it must fail at " << limit;
    EXPECT_EQ(read_text(file_), before) << limit;
    EXPECT_TRUE(history().damaged.empty());
  }
}

// Killed at any moment, there is the old file or the new one, and the next write works.
TEST_F(WriterTest, AKilledWriterLeavesOldOrNew) {
  write_text(file_, "{gateway: {port: 1}}\n");
  int fresh = 0;
  for (int round = 0; round < 60; ++round) {
    const auto before = read_text(file_);
    const auto want = fmt::format("{{gateway: {{port: {}}}}}\n", round + 2);
    const auto child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto done =
          writer().patch(fmt::format("{{gateway: {{port: {}}}}}", round + 2), owner());
      ::_exit(done ? 0 : 1);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(800 * (round % 12)));
    if (round % 12 != 11) ::kill(child, SIGKILL);  // every twelfth may end
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    const auto after = read_text(file_);
    ASSERT_TRUE(after == before || after == want) << after;
    fresh += after == want ? 1 : 0;
    ASSERT_TRUE(history().damaged.empty());
  }
  EXPECT_GE(fresh, 5);
  EXPECT_TRUE(writer().patch("{gateway: {port: 65000}}", owner()));
  EXPECT_EQ(read_text(file_), "{gateway: {port: 65000}}\n");
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

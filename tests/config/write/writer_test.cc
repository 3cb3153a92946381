// What is written, what is refused, and with which words.
#include "config/write/writer.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "config/write/writer_fixture.h"

namespace carapace::config {
namespace {

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

}  // namespace
}  // namespace carapace::config

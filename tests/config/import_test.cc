#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/json.h"
#include "base/make_row.h"
#include "config/config.h"
#include "config/import/carry.h"
#include "config/import/find.h"
#include "config/json5.h"
#include "support/temp_dir.h"

namespace carapace::config {
namespace {

using test::TempDir;
using test::write_text;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr FieldRow for_later(FieldRow row) {
  row.planned = true;
  return row;
}
constexpr FieldRow kRows[] = {
    make_row::whole("gateway.port", 1, 65535, "Port.", "18789"),
    make_row::choice("gateway.auth.mode", "none|token|password", "Mode."),
    make_row::secret("gateway.auth.token", "Token."),
    make_row::texts("names", "Names."),
    for_later(make_row::map("later", "For later.")),
    make_row::text("agents.defaults.model.primary", "Model."),
    make_row::objects("agents.list", "Agents."),
    make_row::text("agents.list.*.id", "Name."),
    make_row::whole("agents.list.*.size", 0, 9, "Size."),
};

class ImportTest : public ::testing::Test {
 protected:
  Carried carried(std::string_view text) {
    write_text(dir_ / "clawdbot.json", text);
    auto out = carry_over({.file = dir_ / "clawdbot.json", .folder = dir_.path()}, schema_,
                          Environment{{{"HOME", "/home/joe"}, {"SET", "1"}}});
    if (!out) throw std::runtime_error(out.error().detail);
    return std::move(*out);
  }
  // What comes out is what a start would accept.
  void expect_valid(const Carried& out) {
    const auto read = Config::from_text(out.text, dir_ / "ours.json5", schema_, {});
    EXPECT_TRUE(read) << read.error().detail << out.text;
    EXPECT_EQ(parse_json5(out.text).value(), parse_json(out.patch).value());
  }

  TempDir dir_;
  Schema schema_{kRows};
};

std::vector<std::string> paths(const std::vector<CarriedKey>& keys) {
  std::vector<std::string> out;
  for (const auto& key : keys) out.push_back(key.path);
  return out;
}
std::vector<std::string> paths(const std::vector<LeftOutKey>& keys) {
  std::vector<std::string> out;
  for (const auto& key : keys) out.push_back(key.path);
  return out;
}

TEST_F(ImportTest, EachKeyGoesIntoItsList) {
  const auto out =
      carried("{gateway: {port: 1024}, names: ['a'], later: {a: {b: 1}}, who: {knows: 1}}");
  EXPECT_THAT(paths(out.as_it_is), ElementsAre("gateway.port", "names"));
  EXPECT_THAT(paths(out.planned), ElementsAre("later.a.b"));
  EXPECT_THAT(paths(out.unknown), ElementsAre("who"));
  EXPECT_THAT(out.left_out, IsEmpty());
  expect_valid(out);
}

TEST_F(ImportTest, OlderNamesBecomeThoseOfToday) {
  const auto out = carried("{gateway: {token: 'planted-secret'}}");
  ASSERT_EQ(out.moved.size(), 1U);
  EXPECT_EQ(out.moved[0].from, "gateway.token");
  EXPECT_EQ(out.moved[0].to, "gateway.auth.token");
  EXPECT_TRUE(out.text.contains("planted-secret"));
  EXPECT_FALSE(to_text(out).contains("planted"));
  EXPECT_FALSE(dump_json(to_json(out)).contains("planted"));
  expect_valid(out);
}

TEST_F(ImportTest, CommentsStay) {
  const auto out =
      carried("{ // top\n  gateway: { port: 1024 }, // mine\n  meta: {x: 1}, /* end */\n}");
  EXPECT_TRUE(out.text.contains("// top"));
  EXPECT_TRUE(out.text.contains("// mine"));
  EXPECT_FALSE(out.text.contains("meta"));
  expect_valid(out);
}

TEST_F(ImportTest, CommentsInAListWithIncludesStay) {
  write_text(dir_ / "one.json5", "{id: 'one', size: 1}");
  const auto out = carried(
      "{agents: {list: [\n  // first\n  {$include: 'one.json5', size: 2}, // behind\n"
      "  {id: 'two'},  // second\n]}}");
  for (const auto* comment : {"// first", "// behind", "// second"})
    EXPECT_TRUE(out.text.contains(comment)) << out.text;
  EXPECT_FALSE(out.text.contains("$include"));
  expect_valid(out);
}

TEST_F(ImportTest, ALargeFileWithManyChangesIsWrittenAnew) {
  write_text(dir_ / "one.json5", "{size: 1}");
  std::string text = "{agents: {list: [";
  for (int i = 0; i < 900; ++i)
    text += fmt::format("{{id: 'agent {}', $include: 'one.json5'}},{}\n", i, std::string(400, ' '));
  const auto out = carried(text + "]}}");
  EXPECT_EQ(parse_json5(out.text)->at("agents").at("list").as_array().size(), 900U);
  expect_valid(out);
}

TEST_F(ImportTest, AModelAsTextIsWrittenOut) {
  const auto out = carried("{agents: {defaults: {model: 'a/b'}}}");
  EXPECT_THAT(out.left_out, IsEmpty());
  ASSERT_EQ(out.moved.size(), 1U);
  EXPECT_EQ(out.moved[0].to, "agents.defaults.model.primary");
  EXPECT_EQ(out.patch, R"({"agents":{"defaults":{"model":{"primary":"a/b"}}}})");
  expect_valid(out);
}

TEST_F(ImportTest, WhatIsNotValidIsLeftOut) {
  const auto out = carried(
      "{gateway: {port: 'x', auth: {mode: 'maybe'}}, names: 5,"
      " agents: {list: [{id: 'a', size: 'x'}, {id: 7}, {id: 'c', size: 2}]}}");
  EXPECT_THAT(paths(out.left_out), ElementsAre("gateway.port", "gateway.auth.mode", "names",
                                               "agents.list[0].size", "agents.list[1].id"));
  EXPECT_TRUE(out.patch.contains("\"size\":2"));
  expect_valid(out);
}

TEST_F(ImportTest, ManyErrorsAreAllLeftOut) {
  std::string list;
  for (int i = 0; i < 100; ++i) list += "{id: " + std::to_string(i) + "},";
  const auto out = carried("{agents: {list: [" + list + "]}}");
  EXPECT_EQ(out.left_out.size(), 100U);
  expect_valid(out);
}

TEST_F(ImportTest, IncludesArePutInWithSiblingsOnTop) {
  std::filesystem::create_directory(dir_ / "parts");
  write_text(dir_ / "parts/g.json5", "{port: 1024, auth: {mode: 'token', $include: '../t.json5'}}");
  write_text(dir_ / "t.json5", "{token: 'x'}");
  const auto out = carried("{// c\n gateway: {$include: './parts/g.json5', port: 1025}}");
  EXPECT_THAT(out.included, ElementsAre(dir_ / "parts/g.json5", dir_ / "t.json5"));
  EXPECT_TRUE(out.text.contains("// c"));
  EXPECT_FALSE(out.text.contains("$include"));
  EXPECT_EQ(parse_json(out.patch).value(),
            parse_json(R"({"gateway":{"port":1025,"auth":{"mode":"token","token":"x"}}})").value());
  expect_valid(out);
}

TEST_F(ImportTest, AnIncludeThatIsTheWholeFile) {
  write_text(dir_ / "all.json5", "{gateway: {port: 1024}}");
  const auto out = carried("{$include: './all.json5'}");
  EXPECT_EQ(out.patch, R"({"gateway":{"port":1024}})");
  expect_valid(out);
}

TEST_F(ImportTest, MissingVariablesAreToldAndTheirTextsCarriedOver) {
  const auto out = carried("{gateway: {auth: {token: '${MINE} ${SET}'}}, names: ['${OTHER}']}");
  EXPECT_THAT(out.variables, ElementsAre("MINE", "OTHER"));
  EXPECT_TRUE(out.text.contains("${MINE} ${SET}"));
}

TEST_F(ImportTest, PlacesInTheOldFolderAreTold) {
  const auto out = carried("{names: ['" + dir_.path() + "/work'], who: '" + dir_.path() + "-not'}");
  EXPECT_THAT(out.old_places, ElementsAre("names[0]"));
}

TEST_F(ImportTest, FilesThatCannotBeReadNameTheirPlace) {
  for (const auto* text : {"{", "[]", "7", "{a: '\xff'}", "{$include: './clawdbot.json'}",
                           "{$include: 5}", "{a: {$include: './none.json5'}}"}) {
    write_text(dir_ / "clawdbot.json", text);
    const auto out =
        carry_over({.file = dir_ / "clawdbot.json", .folder = dir_.path()}, schema_, {});
    ASSERT_FALSE(out) << text;
    EXPECT_TRUE(out.error().detail.contains("clawdbot.json:1:")) << out.error().detail;
  }
  EXPECT_FALSE(carry_over({.file = dir_ / "none.json", .folder = dir_.path()}, schema_, {}));
}

TEST(FindConfigurationTest, ByTheNamesThatProgramsUse) {
  const TempDir dir;
  for (const auto& [name, product] :
       {std::pair{"clawdbot.json", Product::clawdbot}, std::pair{"moltbot.json", Product::moltbot},
        std::pair{"carapace.json5", Product::earlier_carapace},
        std::pair{"openclaw.json", Product::openclaw}}) {
    write_text(dir / name, "{}");
    const auto found = find_configuration(dir.path());
    ASSERT_TRUE(found) << name;
    EXPECT_EQ(found->file, dir / name);
    EXPECT_EQ(found->product, product);
    EXPECT_EQ(find_configuration(dir / name)->product, product);
  }
  EXPECT_EQ(find_configuration(dir.path() + "/")->others.size(), 3U);
}

TEST(FindConfigurationTest, WhatIsNotThereIsToldWithWhatWasLookedFor) {
  const TempDir dir;
  const auto empty = find_configuration(dir.path());
  ASSERT_FALSE(empty);
  EXPECT_TRUE(empty.error().detail.contains("clawdbot.json"));
  EXPECT_EQ(find_configuration(dir / "none").error().code, Errc::not_found);
}

TEST(FindConfigurationTest, StampsAndFoldersTellWhatNamesDoNot) {
  const json::value dated{{"meta", {{"lastTouchedVersion", "2026.1.24"}}}};
  EXPECT_EQ(guess_product({.file = "/x/.openclaw/my.json", .folder = "/x/.openclaw"}, dated),
            Product::openclaw);
  EXPECT_EQ(guess_product({.file = "/x/c.json", .folder = "/x"}, json::object()), Product::unknown);
  EXPECT_EQ(guess_product(
                {.file = "/x/moltbot.json5", .folder = "/x", .product = Product::earlier_carapace},
                dated),
            Product::moltbot);
}

}  // namespace
}  // namespace carapace::config

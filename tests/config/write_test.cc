#include "config/write.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "base/json.h"
#include "config/config.h"
#include "config/fields.h"
#include "config/json5.h"
#include "support/temp_dir.h"

namespace carapace::config {
namespace {

using test::mode_of;
using test::read_text;
using test::TempDir;
using test::write_text;

class WriteTest : public ::testing::Test {
 protected:
  Result<std::vector<Issue>> set(std::string_view path, const json::value& value) {
    return set_in_file(file_, parse_key_path(path).value(), value, schema_);
  }
  TempDir dir_;
  std::string file_ = dir_ / "carapace.json5";
  Schema schema_{builtin_fields()};
};

TEST_F(WriteTest, CreatesTheFileOwnerOnly) {
  file_ = dir_ / "new/carapace.json5";
  const auto done = set("gateway.port", 8080);
  ASSERT_TRUE(done) << done.error().detail;
  EXPECT_TRUE(done->empty());
  EXPECT_EQ(read_text(file_), "{\n  \"gateway\": {\n    \"port\": 8080\n  }\n}\n");
  EXPECT_EQ(mode_of(file_), 0600U);
}

TEST_F(WriteTest, KeepsComments) {
  write_text(file_, "// mine\n{\n  gateway: {\n    port: 1, // one\n  },\n}\n");
  ASSERT_TRUE(set("gateway.bind", "lan"));
  ASSERT_TRUE(set("gateway.port", 2));
  EXPECT_EQ(read_text(file_),
            "// mine\n{\n  gateway: {\n    port: 2, // one\n    bind: \"lan\",\n  },\n}\n");
}

TEST_F(WriteTest, RefusesAndLeavesTheFile) {
  const std::string text = "{gateway: {port: 1}}";
  write_text(file_, text);
  EXPECT_EQ(set("gateway.port", 0).error().detail,
            "gateway.port: must be between 1 and 65535, not 0.");
  EXPECT_EQ(set("gateway.port.x", 0).error().code, Errc::conflict);
  EXPECT_EQ(set("gateway", 5).error().code, Errc::invalid_request);
  EXPECT_EQ(read_text(file_), text);
  write_text(file_, "{broken");
  EXPECT_EQ(set("gateway.port", 1).error().code, Errc::invalid_request);
  EXPECT_EQ(read_text(file_), "{broken");
}

// A file with two mistakes can be mended one by one.
TEST_F(WriteTest, OldErrorsDoNotStandInTheWay) {
  write_text(file_, "{gateway: {port: 0, bind: 5}}");
  ASSERT_TRUE(set("gateway.port", 1));
  ASSERT_TRUE(set("gateway.bind", "lan"));
  EXPECT_EQ(read_text(file_), "{gateway: {port: 1, bind: \"lan\"}}");
}

TEST_F(WriteTest, UnknownKeysWarn) {
  const auto done = set("gateway.prot", 1);
  ASSERT_TRUE(done);
  ASSERT_EQ(done->size(), 1U);
  EXPECT_NE(to_text(done->front()).find("did you mean gateway.port?"), std::string::npos);
}

TEST_F(WriteTest, WritesThroughALink) {
  write_text(dir_ / "real.json5", "{a: 1}");
  ASSERT_EQ(::symlink("real.json5", file_.c_str()), 0);
  ASSERT_TRUE(set("gateway.port", 5));
  EXPECT_EQ(read_text(dir_ / "real.json5"), "{a: 1, gateway: {\n  port: 5\n}}");
  EXPECT_TRUE(std::filesystem::is_symlink(file_));
}

TEST_F(WriteTest, WritersAtOnceLoseNothing) {
  {
    std::vector<std::jthread> writers;
    for (int w = 0; w < 4; ++w)
      writers.emplace_back([this, w] {
        for (int i = 0; i < 4; ++i)
          EXPECT_TRUE(set(fmt::format("models.providers.p{}_{}.baseUrl", w, i), "http://x"));
      });
  }
  const auto tree = parse_json5(read_text(file_)).value();
  EXPECT_EQ(tree.at("models").at("providers").as_object().size(), 16U);
}

TEST(TypedValue, FollowsTheRow) {
  const Schema schema{builtin_fields()};
  const auto typed = [&schema](const char* path, const char* text) {
    return dump_json(typed_value(text, schema.row(parse_key_path(path).value())));
  };
  EXPECT_EQ(typed("gateway.port", "8080"), "8080");
  EXPECT_EQ(typed("gateway.port", "many"), "\"many\"");
  EXPECT_EQ(typed("gateway.auth.token", "12345"), "\"12345\"") << "a text row keeps digits as text";
  EXPECT_EQ(typed("gateway.auth.token", "'quoted'"), "\"quoted\"");
  EXPECT_EQ(typed("gateway.auth.token", "true"), "\"true\"");
  EXPECT_EQ(typed("gateway.controlUi.enabled", "false"), "false");
  EXPECT_EQ(typed("gateway.controlUi.allowedOrigins", "['a']"), R"(["a"])");
  EXPECT_EQ(typed("gateway.controlUi.allowedOrigins", "http://a, http://b"),
            R"(["http://a","http://b"])");
  EXPECT_EQ(typed("nobody.knows", "{a: 1}"), R"({"a":1})");
  EXPECT_EQ(typed("nobody.knows", "plain words"), R"("plain words")");
}

}  // namespace
}  // namespace carapace::config

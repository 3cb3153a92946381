#include "config/fields.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "config/config.h"
#include "config/describe.h"
#include "support/temp_dir.h"

namespace carapace::config {
namespace {

TEST(Fields, EveryRowIsWhole) {
  std::set<std::string_view> seen;
  const Schema schema{builtin_fields()};
  for (const auto& row : builtin_fields()) {
    EXPECT_TRUE(seen.insert(row.path).second) << row.path << " stands twice";
    EXPECT_TRUE(row.description.ends_with('.') || row.description.ends_with('?')) << row.path;
    EXPECT_GE(row.description.size(), 15U) << row.path;
    EXPECT_LE(row.min, row.max) << row.path;
    if (row.fallback.empty()) continue;
    // The default obeys its own row.
    json::value tree = parse_json(row.fallback).value();
    const auto parts = split(row.path, '.');
    for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
      const bool list = part != parts.rbegin() && *part == "*" && std::next(part) != parts.rend() &&
                        *std::next(part) == "models";
      if (list) {
        tree = json::array{std::move(tree)};
      } else {
        tree = json::object{{*part == "*" ? std::string_view("any") : *part, std::move(tree)}};
      }
    }
    EXPECT_TRUE(schema.validate(tree).empty()) << row.path << " " << dump_json(tree);
  }
}

TEST(Fields, SecretsAreMarked) {
  const Schema schema{builtin_fields()};
  for (const char* path : {"gateway.auth.token", "gateway.auth.password",
                           "models.providers.x.apiKey", "models.providers.x.headers.Any"})
    EXPECT_TRUE(schema.is_secret(parse_key_path(path).value())) << path;
  for (const char* path : {"gateway.port", "gateway.auth.mode", "agents.defaults.contextTokens",
                           "models.providers.x.models[0].maxTokens"})
    EXPECT_FALSE(schema.is_secret(parse_key_path(path).value())) << path;
}

TEST(Describe, OneLine) {
  EXPECT_EQ(describe(builtin_fields().front()),
            "gateway.port: Port on which the gateway serves HTTP and WebSocket. (whole number from "
            "1 to 65535; default 18789; "
            "needs a restart)");
}

constexpr const char* kExample = CARAPACE_SOURCE_DIR "/config.example.json5";

// The file in the repository is what the rows say. When this fails, write the text that the test
// prints to the file: CARAPACE_WRITE_EXAMPLE=1 does so.
TEST(Example, FileIsUpToDate) {
  const auto text = render_example(builtin_fields());
  if (::getenv("CARAPACE_WRITE_EXAMPLE") != nullptr) test::write_text(kExample, text);
  EXPECT_EQ(test::read_text(kExample), text);
}

TEST(Example, MeansAllDefaultsAsItIs) {
  const Schema schema{builtin_fields()};
  const auto config =
      Config::from_text(render_example(builtin_fields()), "example", schema, Environment{});
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_TRUE(config->warnings().empty());
  for (const auto& row : builtin_fields())
    if (row.path.find('*') == std::string_view::npos)
      EXPECT_FALSE(config->has(row.path)) << row.path;
  EXPECT_EQ(config->value("models.providers.x"), nullptr);
}

// With the comment marks of its keys removed the example is still valid, and every key is there.
TEST(Example, ComesAliveWhenUncommented) {
  std::string alive;
  for (const auto line : split(render_example(builtin_fields()), '\n')) {
    const auto code = trim(line);
    const bool prose = code.starts_with("// //") ||
                       (code.starts_with("// ") && !code.ends_with(",") && !code.ends_with("{"));
    alive += std::string(code.starts_with("// ") && !prose ? code.substr(3) : line) + "\n";
  }
  const Schema schema{builtin_fields()};
  alive = replace_all(alive, "mode: \"\"", "mode: \"token\"");
  alive = replace_all(alive, "consoleLevel: \"\"", "consoleLevel: \"info\"");
  alive = replace_all(alive, "thinkingDefault: \"\"", "thinkingDefault: \"low\"");
  alive = replace_all(alive, "contextTokens: 0", "contextTokens: 5000");
  alive = replace_all(alive, "maxTokensField: \"\"", "maxTokensField: \"max_tokens\"");
  const auto config = Config::from_text(alive, "example", schema, Environment{});
  ASSERT_TRUE(config) << config.error().detail << "\n" << alive;
  EXPECT_TRUE(config->warnings().empty());
  EXPECT_TRUE(config->has("gateway.port"));
  EXPECT_TRUE(config->has("models.providers[\"my-provider\"].models[0].cost.cacheWrite")) << alive;
}

}  // namespace
}  // namespace carapace::config

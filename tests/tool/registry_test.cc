// Names as models spell them.
#include "tool/registry.h"

#include <gtest/gtest.h>

#include "async/coro.h"

namespace carapace::tool {
namespace {

class Nothing final : public Tool {
 public:
  Task<Outcome> call(const ToolCall&, const Context&) override { co_return Outcome{}; }
};

constexpr Spec kFetch{.name = "web_fetch"};
constexpr Spec kFunctions{.name = "functions"};

Registry two_tools() {
  std::vector<Registry::Entry> entries;
  entries.push_back({&kFetch, std::make_unique<Nothing>()});
  entries.push_back({&kFunctions, std::make_unique<Nothing>()});
  return Registry(std::move(entries));
}

TEST(Registry, MendsNamesOfModels) {
  const auto registry = two_tools();
  for (const std::string_view name :
       {"web_fetch", "functions.web_fetch", "web_fetch<|channel|>json", "functions.web_fetch<|x"})
    EXPECT_TRUE(registry.find(name) && registry.find(name)->spec == &kFetch) << name;
  EXPECT_EQ(registry.find("functions")->spec, &kFunctions);
}

TEST(Registry, GuessesNothing) {
  const auto registry = two_tools();
  for (const std::string_view name :
       {"", "Web_Fetch", "web_fetch ", "web_fetc", "web_fetchh", "functions.", "<|", "x.web_fetch"})
    EXPECT_EQ(registry.find(name), nullptr) << name;
}

TEST(Registry, KeepsTheOrderOfItsRows) {
  const auto registry = two_tools();
  ASSERT_EQ(registry.entries().size(), 2U);
  EXPECT_EQ(registry.entries()[0].spec->name, "web_fetch");
  EXPECT_EQ(registry.entries()[1].spec->name, "functions");
}

}  // namespace
}  // namespace carapace::tool

#include "store/inspect.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "store/engine.h"
#include "support/temp_dir.h"

namespace carapace::store {
namespace {

constexpr std::int64_t kBudgetMs = 5'000;

TEST(InspectTest, AWholeFileOfOursAndNothingLeftBesideIt) {
  const test::TempDir dir;
  const auto path = dir / "a #1%?.db";
  ASSERT_TRUE(open_engine({path, "1.0", ""}));
  const auto files = [&dir] {
    return std::distance(std::filesystem::directory_iterator(dir.path()),
                         std::filesystem::directory_iterator());
  };
  const auto before = files();
  const auto found = inspect(path, "1.0", kBudgetMs);
  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_EQ(found->schema, newest_schema());
  EXPECT_TRUE(found->checked);
  EXPECT_TRUE(found->damage.empty());
  EXPECT_EQ(files(), before);
}

TEST(InspectTest, BesideAnEngineThatRuns) {
  const test::TempDir dir;
  const auto engine = open_engine({dir / "a.db", "1.0", ""});
  ASSERT_TRUE(engine);
  const auto found = inspect(dir / "a.db", "1.0", kBudgetMs);
  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_EQ(found->schema, newest_schema());
}

TEST(InspectTest, WhatIsNoDatabaseIsToldAndEnds) {
  const test::TempDir dir;
  EXPECT_EQ(inspect(dir / "none", "1.0", kBudgetMs).error().code, Errc::not_found);
  test::write_text(dir / "text", std::string(20'000, 'x'));
  EXPECT_EQ(inspect(dir / "text", "1.0", kBudgetMs).error().code, Errc::internal);
  ASSERT_EQ(::mkfifo((dir / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(inspect(dir / "fifo", "1.0", kBudgetMs).error().code, Errc::invalid_request);
  EXPECT_EQ(inspect(dir.path(), "1.0", kBudgetMs).error().code, Errc::invalid_request);
}

}  // namespace
}  // namespace carapace::store

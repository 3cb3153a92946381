#include "store/sqlite/migrations.h"

#include <sqlite3.h>

#include <filesystem>

#include "store_fixture.h"
#include "support/unsynced_vfs.h"

namespace carapace::store {
namespace {

using MigrationsTest = StoreTest;

constexpr std::string_view kSecondStep =
    "ALTER TABLE sessions ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey'; "
    "CREATE TABLE extra(id INTEGER PRIMARY KEY, what TEXT NOT NULL) STRICT; INSERT INTO "
    "extra(what) VALUES ('made')";

std::vector<Migration> steps_with(std::string_view second) {
  std::vector<Migration> steps(known_migrations().begin(), known_migrations().end());
  steps.push_back({steps.back().version + 1, second});
  return steps;
}

std::int64_t newest() { return known_migrations().back().version; }

std::int64_t number_in(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  sqlite3_stmt* statement = nullptr;
  std::int64_t value = -1;
  EXPECT_EQ(::sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  if (::sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK &&
      ::sqlite3_step(statement) == SQLITE_ROW)
    value = ::sqlite3_column_int64(statement, 0);
  ::sqlite3_finalize(statement);
  ::sqlite3_close(db);
  return value;
}

void change(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  ASSERT_EQ(::sqlite3_open(path.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(::sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << ::sqlite3_errmsg(db);
  ::sqlite3_close(db);
}

TEST_F(MigrationsTest, AFreshStoreIsTheNewestAndNeedsNoCopy) {
  EXPECT_EQ(number("PRAGMA user_version"), known_migrations().back().version);
  EXPECT_EQ(number("PRAGMA application_id"), 0x43525043);
  EXPECT_FALSE(std::filesystem::exists(path() + ".v0.bak"));
}

TEST_F(MigrationsTest, AnOlderStoreIsCopiedAndThenTaken) {
  const auto before = accept(inbound("r1", "hello"));
  const auto steps = steps_with(kSecondStep);
  open({.steps = steps});
  EXPECT_EQ(number("SELECT count(*) FROM extra"), 1);
  EXPECT_EQ(number("SELECT count(*) FROM sessions WHERE colour = 'grey'"), 1);
  EXPECT_EQ(number("PRAGMA user_version"), steps.back().version);
  EXPECT_EQ(transcript(before.session.id), std::vector<std::string>{"hello"});
  const auto copy = fmt::format("{}.v{}.bak", path(), newest());
  EXPECT_EQ(test::mode_of(copy), 0600U);
  EXPECT_EQ(number_in(copy, "PRAGMA user_version"), newest());
  EXPECT_EQ(number_in(copy, "SELECT count(*) FROM messages"), 1);
  EXPECT_EQ(number_in(copy, "SELECT count(*) FROM extra"), -1);  // no such table there
  EXPECT_FALSE(std::filesystem::exists(copy + ".part"));
  open({.steps = steps});  // nothing more to do
}

TEST_F(MigrationsTest, AStepThatFailsChangesNothing) {
  accept(inbound("r1", "hello"));
  close();
  const auto steps =
      steps_with("CREATE TABLE extra(id INTEGER PRIMARY KEY); INSERT INTO nowhere VALUES (1)");
  EXPECT_FALSE(open_sqlite_engine({.path = path(), .program_version = "2"}, {.steps = steps}));
  EXPECT_EQ(number_in(path(), "PRAGMA user_version"), newest());
  EXPECT_EQ(number_in(path(), "SELECT count(*) FROM sqlite_schema WHERE name = 'extra'"), 0);
  open();
  EXPECT_EQ(must(runs().unfinished()).size(), 1U);
}

TEST_F(MigrationsTest, WithoutACopyNothingIsUpgraded) {
  close();
  const auto copy = fmt::format("{}.v{}.bak", path(), newest());
  std::filesystem::create_directory(copy);  // the copy cannot take its name
  test::write_text(copy + "/in-the-way", "x");
  const auto steps = steps_with(kSecondStep);
  EXPECT_FALSE(open_sqlite_engine({.path = path(), .program_version = "2"}, {.steps = steps}));
  EXPECT_EQ(number_in(path(), "PRAGMA user_version"), newest());
}

TEST_F(MigrationsTest, ANewerStoreIsRefusedByTheNameOfItsWriter) {
  accept(inbound("r1", "hello"));
  const auto steps = steps_with(kSecondStep);
  open({.steps = steps});
  close();
  const auto bytes = test::read_text(path());
  const auto refused = open_engine({.path = path(), .program_version = "0.9"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_EQ(refused.error().detail,
            fmt::format("the store was written by Carapace 1.2.3 (schema {}); this is 0.9 (schema "
                        "{}): use 1.2.3 or newer, nothing was changed",
                        newest() + 1, newest()));
  EXPECT_EQ(test::read_text(path()), bytes);
}

TEST_F(MigrationsTest, SomebodyElsesDatabaseIsLeftAlone) {
  const auto other = dir_ / "other.db";
  change(other, "CREATE TABLE theirs(x)");
  const auto bytes = test::read_text(other);
  const auto refused = open_engine({.path = other, .program_version = "1"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
  EXPECT_EQ(test::read_text(other), bytes);
}

TEST_F(MigrationsTest, AFileThatIsNoDatabaseIsDamaged) {
  const auto other = dir_ / "other.db";
  test::write_text(other, std::string(10'000, 'x'));
  const auto refused = open_engine({.path = other, .program_version = "1"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::internal);
  EXPECT_NE(refused.error().detail.find(other), std::string::npos);
  EXPECT_NE(refused.error().detail.find(".bak"), std::string::npos);
}

// A file of step 1 as the first release wrote it, kept as text: later code must always read it.
TEST_F(MigrationsTest, TheFirstSchemaStaysReadable) {
  const auto old = dir_ / "old.db";
  change(old, std::string(known_migrations().front().sql) +
                  "INSERT INTO meta(name, value) VALUES ('program_version', '0.1.0');"
                  "INSERT INTO sessions(key, id, agent, principal, created_ms, updated_ms, title) "
                  "VALUES ('agent:main:main', 's-1', 'main', 'owner', 1, 2, 'kept');"
                  "PRAGMA application_id = 1129467971; PRAGMA user_version = 1");
  auto engine = open_engine({.path = old, .program_version = "9"});
  ASSERT_TRUE(engine) << engine.error().detail;
  Sessions kept(**engine);
  EXPECT_EQ(must(kept.find(kMain, kOwner))->title, "kept");
}

// The power goes at every change of an upgrade: afterwards the file is of one step or the other.
TEST_F(MigrationsTest, AnUpgradeIsNeverHalfDone) {
  const auto steps = steps_with(kSecondStep);
  for (int at = 0; at < 60; ++at) {
    test::TempDir dir;
    test::UnsyncedVfs vfs(fmt::format("migrating-{}", at), static_cast<std::uint64_t>(at) + 1);
    const OpenOptions options{
        .path = dir / "carapace.db", .program_version = "1", .vfs = vfs.name()};
    ASSERT_TRUE(open_engine(options));
    vfs.disk().lose_power_after(at);
    (void)open_sqlite_engine(options, {.steps = steps});
    vfs.disk().restore_power();
    auto engine = open_sqlite_engine(options, {.steps = steps});
    ASSERT_TRUE(engine) << at << ": " << engine.error().detail;
    const auto rows =
        must(query_for<std::int64_t>(**engine, [](Statements& db) -> Result<std::int64_t> {
          std::int64_t count = 0;
          TRY_STATUS(db.rows("SELECT count(*) FROM extra", {}, [&](const Row& row) {
            count = row.integer(0);
            return true;
          }));
          return count;
        }));
    EXPECT_EQ(rows, 1);
  }
}

}  // namespace
}  // namespace carapace::store

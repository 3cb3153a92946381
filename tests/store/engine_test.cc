#include "store/engine.h"

#include <sqlite3.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "async/task_group.h"
#include "store_fixture.h"

namespace carapace::store {
namespace {

using EngineTest = StoreTest;

std::string text_param(Statements& db, const std::string& text) {
  std::string back;
  (void)db.rows("SELECT ?1", {text}, [&](const Row& row) {
    back = row.text(0);
    return true;
  });
  return back;
}

TEST_F(EngineTest, TextsKeepTheirNulBytesAndLength) {
  const std::string text("a\0b\0", 4);
  must(engine_->transact([text](Statements& db) -> Status {
    TRY_STATUS(db.run("INSERT INTO meta(name, value) VALUES ('nul', ?1)", {text}));
    return {};
  }));
  std::string back;
  must(engine_->query([&](Statements& db) -> Status {
    EXPECT_EQ(text_param(db, std::string("\0", 1)), std::string("\0", 1));
    return db.rows("SELECT value FROM meta WHERE name = 'nul'", {}, [&](const Row& row) {
      back = row.text(0);
      return true;
    });
  }));
  EXPECT_EQ(back, text);
}

TEST_F(EngineTest, RowsTellNullFromEmptyAndEndEarly) {
  int seen = 0;
  must(engine_->query([&](Statements& db) -> Status {
    TRY_STATUS(db.rows("SELECT NULL, '', 7", {}, [&](const Row& row) {
      EXPECT_TRUE(row.is_null(0));
      EXPECT_FALSE(row.is_null(1));
      EXPECT_EQ(row.text(0), "");
      EXPECT_EQ(row.integer(0), 0);
      EXPECT_EQ(row.integer(2), 7);
      return true;
    }));
    return db.rows(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n", {},
        [&](const Row&) { return ++seen < 3; });
  }));
  EXPECT_EQ(seen, 3);
}

TEST_F(EngineTest, AStatementMayRunInsideItsOwnRows) {
  const std::string_view sql =
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name > ?1 ORDER BY name LIMIT 2";
  int pairs = 0;
  must(engine_->query([&](Statements& db) -> Status {
    return db.rows(sql, {""}, [&](const Row& outer) {
      return db
          .rows(sql, {outer.text(0)},
                [&](const Row& inner) {
                  EXPECT_GT(inner.text(0), outer.text(0));
                  ++pairs;
                  return true;
                })
          .has_value();
    });
  }));
  EXPECT_EQ(pairs, 4);
}

TEST_F(EngineTest, ManyDifferentStatementsDoNotFillTheCache) {
  must(engine_->query([](Statements& db) -> Status {
    for (int i = 0; i < 500; ++i)
      TRY_STATUS(db.rows(fmt::format("SELECT {}", i), {}, [&](const Row& row) {
        EXPECT_EQ(row.integer(0), i);
        return true;
      }));
    return {};
  }));
}

TEST_F(EngineTest, AFailingClosureUndoesOnlyItsOwnWork) {
  const auto error = error_of(engine_->transact([](Statements& db) -> Status {
    TRY_STATUS(db.run("INSERT INTO meta(name, value) VALUES ('half', '1')"));
    return fail(Errc::rate_limited, "mine");
  }));
  EXPECT_EQ(error.code, Errc::rate_limited);
  EXPECT_EQ(number("SELECT count(*) FROM meta WHERE name = 'half'"), 0);
}

TEST_F(EngineTest, AThrowingClosureIsAnError) {
  const auto error = error_of(engine_->transact([](Statements& db) -> Status {
    TRY_STATUS(db.run("INSERT INTO meta(name, value) VALUES ('half', '1')"));
    throw std::runtime_error("boom");
  }));
  EXPECT_EQ(error.code, Errc::internal);
  EXPECT_NE(error.detail.find("boom"), std::string::npos);
  EXPECT_EQ(number("SELECT count(*) FROM meta WHERE name = 'half'"), 0);
  EXPECT_EQ(error_of(engine_->query([](Statements&) -> Status {
              throw std::runtime_error("boom");
            })).code,
            Errc::internal);
}

TEST_F(EngineTest, ABrokenConstraintIsAConflict) {
  must(execute("INSERT INTO meta(name, value) VALUES ('once', '1')"));
  const auto twice = execute("INSERT INTO meta(name, value) VALUES ('once', '1')");
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, Errc::conflict);
}

TEST_F(EngineTest, ReadersCannotWrite) {
  const auto error = error_of(engine_->query([](Statements& db) -> Status {
    TRY_STATUS(db.run("DELETE FROM meta"));
    return {};
  }));
  EXPECT_EQ(error.code, Errc::unavailable);
}

TEST_F(EngineTest, AQueryReadsOneSnapshot) {
  must(execute("INSERT INTO meta(name, value) VALUES ('n', '1')"));
  std::string first, second;
  must(engine_->query([&](Statements& db) -> Status {
    const auto read = [&](std::string& into) {
      return db.rows("SELECT value FROM meta WHERE name = 'n'", {}, [&](const Row& row) {
        into = row.text(0);
        return true;
      });
    };
    TRY_STATUS(read(first));
    // Another connection commits between the two reads.
    sqlite3* other = nullptr;
    EXPECT_EQ(::sqlite3_open(path().c_str(), &other), SQLITE_OK);
    EXPECT_EQ(::sqlite3_exec(other, "UPDATE meta SET value = '2' WHERE name = 'n'", nullptr,
                             nullptr, nullptr),
              SQLITE_OK);
    ::sqlite3_close(other);
    return read(second);
  }));
  EXPECT_EQ(first, "1");
  EXPECT_EQ(second, "1");
  EXPECT_EQ(number("SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'n'"), 2);
}

// Many tasks at once; every tenth fails.
Task<void> insert_one(Engine* engine, int i, int* good, int* bad) {
  const auto outcome = co_await engine->transact([i](Statements& db) -> Status {
    TRY_STATUS(db.run("INSERT INTO meta(name, value) VALUES (?1, 'x')", {fmt::format("row{}", i)}));
    if (i % 10 == 0) return fail(Errc::invalid_request, "tenth");
    return {};
  });
  if (!outcome) {
    ++*bad;
    co_return;
  }
  ++*good;
  std::int64_t seen = 0;
  const auto read =
      co_await query_for<std::int64_t>(*engine, [i](Statements& db) -> Result<std::int64_t> {
        std::int64_t rows = 0;
        TRY_STATUS(db.rows("SELECT count(*) FROM meta WHERE name = ?1", {fmt::format("row{}", i)},
                           [&](const Row& row) {
                             rows = row.integer(0);
                             return false;
                           }));
        return rows;
      });
  if (read) seen = *read;
  EXPECT_EQ(seen, 1);  // what was acknowledged is seen by the next query
}

Task<void> insert_many(Loop* loop, Engine* engine, int count, int* good, int* bad) {
  TaskGroup group(*loop, [](std::exception_ptr) { ADD_FAILURE(); });
  for (int i = 0; i < count; ++i) group.spawn(insert_one(engine, i, good, bad));
  co_await group.join();
}

TEST_F(EngineTest, ManyAtOnceShareCommitsAndOneFailureHurtsNobodyElse) {
  int good = 0, bad = 0;
  run(insert_many(&loop_, engine_.get(), 1'000, &good, &bad));
  EXPECT_EQ(good, 900);
  EXPECT_EQ(bad, 100);
  EXPECT_EQ(number("SELECT count(*) FROM meta WHERE name LIKE 'row%'"), 900);
}

TEST_F(EngineTest, WhatWaitsAtTheEndIsStillWritten) {
  int good = 0, bad = 0;
  {
    // The tasks have submitted their work when the engine goes; it finishes the queue first.
    TaskGroup group(loop_, [](std::exception_ptr) {});
    for (int i = 1; i < 10; ++i)
      group.spawn([](Engine* engine, int* done) -> Task<void> {
        if (co_await engine->transact([](Statements& db) -> Status {
              TRY_STATUS(
                  db.run("INSERT INTO meta(name, value) SELECT 'w' || count(*), '' FROM meta"));
              return {};
            }))
          ++*done;
      }(engine_.get(), &good));
    run([]() -> Task<void> { co_await yield_now(); }());
    close();
    run([](TaskGroup* all) -> Task<void> { co_await all->join(); }(&group));
  }
  EXPECT_EQ(good, 9);
  EXPECT_EQ(bad, 0);
  open();
  EXPECT_EQ(number("SELECT count(*) FROM meta WHERE name LIKE 'w%'"), 9);
}

TEST_F(EngineTest, TheFileIsPrivateAndLeavesNoLogBehind) {
  must(execute("INSERT INTO meta(name, value) VALUES ('a', 'b')"));
  EXPECT_EQ(test::mode_of(path()), 0600U);
  EXPECT_EQ(test::mode_of(path() + "-wal"), 0600U);
  close();
  EXPECT_FALSE(std::filesystem::exists(path() + "-wal"));
}

TEST_F(EngineTest, ASecondEngineOnTheSameFileIsAConflict) {
  const auto second = open_engine({.path = path(), .program_version = "1"});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::conflict);
}

TEST_F(EngineTest, AMissingFolderIsAnError) {
  EXPECT_FALSE(open_engine({.path = dir_ / "no/such/carapace.db", .program_version = "1"}));
}

// The kernel itself refuses to let the file grow: the log cannot be written.
TEST_F(EngineTest, AFullDiskRefusesServesReadsAndRecovers) {
  must(execute("INSERT INTO meta(name, value) VALUES ('before', 'kept')"));
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  const rlimit tight{std::filesystem::file_size(path() + "-wal") + 5'000, old.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &tight);
  const auto refused = run(engine_->transact([](Statements& db) -> Status {
    TRY_STATUS(
        db.run("INSERT INTO meta(name, value) VALUES ('big', ?1)", {std::string(100'000, 'x')}));
    return {};
  }));
  const auto kept = number("SELECT count(*) FROM meta WHERE name = 'before'");
  ::setrlimit(RLIMIT_FSIZE, &old);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_NE(refused.error().detail.find("the disk is full: free space in " + dir_.path()),
            std::string::npos)
      << refused.error().detail;
  EXPECT_EQ(kept, 1);
  must(execute("INSERT INTO meta(name, value) VALUES ('after', 'kept')"));
  open();
  EXPECT_EQ(number("SELECT count(*) FROM meta WHERE name IN ('before', 'after', 'big')"), 2);
}

TEST_F(EngineTest, ALongLogIsMovedIntoTheFile) {
  for (int i = 0; i < 3; ++i)
    must(engine_->transact([i](Statements& db) -> Status {
      TRY_STATUS(
          db.run("INSERT INTO meta(name, value) VALUES (?1, ?2)",
                 {fmt::format("big{}", i), std::string(6 << 20, static_cast<char>('a' + i))}));
      return {};
    }));
  // The log is moved after the acknowledgement and before the next batch.
  must(engine_->transact([](Statements&) -> Status { return {}; }));
  EXPECT_GT(std::filesystem::file_size(path()), 6U << 20U);
}

}  // namespace
}  // namespace carapace::store

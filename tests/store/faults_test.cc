// A disk that fails and comes back, and files that were damaged: errors, never a crash, never a
// wrong answer.
#include <sqlite3.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <random>

#include "async/task_group.h"
#include "store_fixture.h"
#include "support/unsynced_vfs.h"

namespace carapace::store {
namespace {

using Texts = std::vector<std::string>;

class FaultyDiskTest : public test::LoopTest {
 protected:
  void open() {
    repositories_.reset();
    engine_.reset();
    auto opened =
        open_engine({.path = dir_ / "carapace.db", .program_version = "1", .vfs = vfs_.name()});
    ASSERT_TRUE(opened) << opened.error().detail;
    engine_ = std::move(*opened);
    repositories_ = std::make_unique<Repositories>(*engine_);
  }
  Status insert(std::string name, std::size_t size) {
    return run(engine_->transact([name, size](Statements& db) -> Status {
      TRY_STATUS(
          db.run("INSERT INTO meta(name, value) VALUES (?1, ?2)", {name, std::string(size, 'x')}));
      return {};
    }));
  }
  std::int64_t count(std::string pattern) {
    std::int64_t rows = -1;
    const auto read = run(engine_->query([&](Statements& db) {
      return db.rows("SELECT count(*) FROM meta WHERE name LIKE ?1", {pattern},
                     [&](const Row& row) {
                       rows = row.integer(0);
                       return true;
                     });
    }));
    EXPECT_TRUE(read) << read.error().detail;
    return rows;
  }

  test::TempDir dir_;
  test::UnsyncedVfs vfs_{"faulty", 1};
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Repositories> repositories_;
};

TEST_F(FaultyDiskTest, EveryKindOfFaultRefusesAndThenRecovers) {
  open();
  ASSERT_TRUE(insert("before", 10));
  for (const int code : {SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC, SQLITE_READONLY}) {
    vfs_.disk().fail_changes(code, 0, -1);
    for (const std::size_t size :
         {10UL, 5'000'000UL}) {  // fails at the commit; fails inside the closure
      const auto refused = insert(fmt::format("refused{}", code), size);
      ASSERT_FALSE(refused);
      EXPECT_EQ(refused.error().code, Errc::unavailable) << refused.error().detail;
      EXPECT_EQ(count("before"), 1);
    }
    vfs_.disk().fail_changes(code, 0, 0);
    ASSERT_TRUE(insert(fmt::format("after{}", code), 10)) << code;
  }
  open();
  EXPECT_EQ(count("after%"), 4);
  EXPECT_EQ(count("refused%"), 0);
}

Task<void> insert_later(Engine* engine, std::string name, std::size_t size,
                        std::vector<Status>* out, std::size_t at) {
  (*out)[at] = co_await engine->transact([name, size](Statements& db) -> Status {
    TRY_STATUS(
        db.run("INSERT INTO meta(name, value) VALUES (?1, ?2)", {name, std::string(size, 'x')}));
    return {};
  });
}

Task<void> hold(Engine* engine, std::shared_future<void> gate, std::atomic<bool>* holding) {
  (void)co_await engine->transact([gate, holding](Statements&) -> Status {
    *holding = true;
    gate.wait();
    return {};
  });
}

// A fault inside one closure throws the whole batch away; each of them gets a second chance alone.
TEST_F(FaultyDiskTest, OneFaultInABatchDoesNotHurtTheOthers) {
  open();
  std::vector<Status> outcomes(6, fail(Errc::internal, "never ran"));
  std::promise<void> gate;
  run([](Loop* loop, Engine* engine, test::UnsyncedVfs* vfs, std::promise<void>* open_gate,
         std::vector<Status>* out) -> Task<void> {
    TaskGroup group(*loop, [](std::exception_ptr) { ADD_FAILURE(); });
    std::atomic<bool> holding = false;
    group.spawn(hold(engine, open_gate->get_future().share(), &holding));
    // The others must not slip into the batch that holds.
    while (!holding) co_await yield_now();
    for (std::size_t i = 0; i < out->size(); ++i)
      group.spawn(insert_later(engine, fmt::format("row{}", i), i == 3 ? 5'000'000 : 10, out, i));
    co_await yield_now();
    vfs->disk().fail_changes(SQLITE_IOERR_WRITE, 0,
                             1);  // the large one spills before the commit, and fails once
    open_gate->set_value();
    co_await group.join();
  }(&loop_, engine_.get(), &vfs_, &gate, &outcomes));
  for (const auto& outcome : outcomes) EXPECT_TRUE(outcome) << outcome.error().detail;
  EXPECT_EQ(count("row%"), 6);
}

// Each change in turn fails once; what was refused is asked again, and everything is there once.
TEST_F(FaultyDiskTest, AFaultAtEveryChangeLosesAndDoublesNothing) {
  open();
  Texts expected;
  const SessionId session("s-1");
  int refused = 0;
  const auto insist = [&](auto make) {
    for (int tries = 0; tries < 4; ++tries) {
      const auto done = run(make());
      if (done) return;
      ++refused;
      EXPECT_EQ(done.error().code, Errc::unavailable) << done.error().detail;
    }
    FAIL() << "did not recover";
  };
  for (int at = 0; at < 60; ++at) {
    const auto id = fmt::format("run{}", at);
    vfs_.disk().fail_changes(at % 2 == 0 ? SQLITE_FULL : SQLITE_IOERR_FSYNC, at, 1);
    insist([&] {
      return repositories_->runs.accept(inbound(id, "q" + id), kMain, session, at, false);
    });
    insist([&] { return repositories_->runs.begin(RunId(id), at); });
    insist([&] {
      return repositories_->runs.finish(
          {.run = RunId(id), .messages = {says(Role::assistant, "a" + id)}, .ended_ms = at});
    });
    expected.push_back("q" + id);
    expected.push_back("a" + id);
    if (at % 7 == 0) open();
  }
  vfs_.disk().fail_changes(SQLITE_OK, 0, 0);
  EXPECT_GT(refused, 10);
  open();
  const auto stored = run(repositories_->transcripts.tail(session, 0));
  ASSERT_TRUE(stored);
  EXPECT_EQ(texts_of(*stored), expected);
}

// Damages a closed store at random places and walks over everything that can be read or written.
TEST(DamagedFile, RandomDamageIsAnErrorOrAPlaceholderNeverACrash) {
  test::TempDir dir;
  Loop loop;
  const auto whole = dir / "whole.db";
  {
    auto engine = open_engine({.path = whole, .program_version = "1"});
    ASSERT_TRUE(engine);
    Repositories store(**engine);
    for (int i = 0; i < 40; ++i) {
      const auto id = fmt::format("run{}", i);
      ASSERT_TRUE(
          test::run(loop, store.runs.accept(inbound(id, std::string(300, 'q')),
                                            SessionKey(fmt::format("agent:main:k{}", i % 5)),
                                            SessionId(fmt::format("s{}", i % 5)), i, true)));
      ASSERT_TRUE(test::run(
          loop,
          store.runs.append(RunId(id), {},
                            {JournalRow{.run = RunId(id), .kind = "request", .body = "{}"}})));
    }
  }
  const auto bytes = test::read_text(whole);
  std::mt19937_64 random(7);
  int opened = 0, errors = 0, told = 0;
  for (int trial = 0; trial < 150; ++trial) {
    auto damaged = bytes;
    const auto flips = 1 + random() % 20;
    for (std::uint64_t i = 0; i < flips; ++i)
      damaged[random() % damaged.size()] ^= static_cast<char>(1U << random() % 8);
    if (trial % 10 == 0) damaged.resize(random() % damaged.size());
    const auto path = dir / fmt::format("damaged{}.db", trial);
    test::write_text(path, damaged);
    auto engine = open_engine({.path = path, .program_version = "1"});
    if (!engine) {
      ++errors;
      continue;
    }
    ++opened;
    Repositories store(**engine);
    const auto note = [&](const auto& result) {
      if (!result) ++errors;
    };
    note(test::run(loop, store.sessions.list({})));
    note(test::run(loop, store.runs.unfinished()));
    for (int i = 0; i < 5; ++i) {
      const auto stored =
          test::run(loop, store.transcripts.tail(SessionId(fmt::format("s{}", i)), 0));
      note(stored);
      if (!stored) continue;
      for (const auto& message : *stored) {
        const auto text = text_of(message.message);
        if (text != std::string(300, 'q')) ++told;
        EXPECT_TRUE(text == std::string(300, 'q') || text.find("damaged") != std::string::npos)
            << text;
      }
    }
    note(test::run(
        loop, store.runs.finish({.run = RunId("run1"), .messages = {says(Role::assistant, "x")}})));
    note(test::run(loop, store.runs.accept(inbound("new", "q"), SessionKey("agent:main:k1"),
                                           SessionId("fresh"), 99, true)));
    engine->reset();
    std::filesystem::remove(path);
  }
  EXPECT_GT(opened, 50);
  EXPECT_GT(errors, 20);
  EXPECT_GT(told, 5);
}

}  // namespace
}  // namespace carapace::store

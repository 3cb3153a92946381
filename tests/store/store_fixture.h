// A fresh store in a folder of its own with all repositories over it, and short words for what
// tests say.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/approvals.h"
#include "store/costs.h"
#include "store/engine.h"
#include "store/runs.h"
#include "store/sessions.h"
#include "store/sqlite/engine.h"
#include "store/transcripts.h"
#include "support/loop_fixture.h"
#include "support/temp_dir.h"

namespace carapace::store {

inline const SessionKey kMain{"agent:main:main"};

// Repositories over one engine; goes before the engine does.
struct Repositories {
  explicit Repositories(Engine& engine)
      : sessions(engine), transcripts(engine), runs(engine), costs(engine), approvals(engine) {}
  Sessions sessions;
  Transcripts transcripts;
  Runs runs;
  Costs costs;
  Approvals approvals;
};

inline Inbound inbound(std::string run, std::string text, PrincipalId principal = kOwner) {
  Inbound message;
  message.channel = "webchat";
  message.principal = std::move(principal);
  message.session_key = "main";
  message.text = std::move(text);
  message.run = RunId(std::move(run));
  return message;
}

inline Message says(Role role, std::string text) {
  Message message;
  message.role = role;
  message.blocks.emplace_back(TextBlock{std::move(text)});
  message.at_ms = 5;
  if (role == Role::assistant) message.origin.emplace();
  return message;
}

inline std::vector<std::string> texts_of(const std::vector<StoredMessage>& messages) {
  std::vector<std::string> texts;
  for (const auto& stored : messages) texts.push_back(text_of(stored.message));
  return texts;
}

class StoreTest : public test::LoopTest {
 protected:
  StoreTest() { open(); }

  void open(EngineTuning tuning = {}) {
    repositories_.reset();
    engine_.reset();
    auto opened = open_sqlite_engine({.path = path(), .program_version = "1.2.3"}, tuning);
    ASSERT_TRUE(opened) << opened.error().detail;
    engine_ = std::move(*opened);
    repositories_ = std::make_unique<Repositories>(*engine_);
  }
  void close() {
    repositories_.reset();
    engine_.reset();
  }
  std::string path() const { return dir_ / "carapace.db"; }

  // Waits for the task and demands that it worked.
  template <typename T>
  T must(Task<Result<T>> task) {
    auto result = run(std::move(task));
    EXPECT_TRUE(result) << result.error().detail;
    if constexpr (!std::is_void_v<T>) {
      if (!result) throw std::runtime_error(result.error().detail);
      return std::move(*result);
    }
  }
  void must(Status status) { ASSERT_TRUE(status) << status.error().detail; }
  template <typename T>
  Error error_of(Task<Result<T>> task) {
    auto result = run(std::move(task));
    EXPECT_FALSE(result);
    return result ? Error{} : result.error();
  }
  // One statement in a transaction of its own.
  Status execute(std::string sql) {
    return run(engine_->transact([sql = std::move(sql)](Statements& db) -> Status {
      TRY_STATUS(db.run(sql));
      return {};
    }));
  }
  std::int64_t number(std::string sql) {
    return must(query_for<std::int64_t>(
        *engine_, [sql = std::move(sql)](Statements& db) -> Result<std::int64_t> {
          std::int64_t value = 0;
          TRY_STATUS(db.rows(sql, {}, [&](const Row& row) {
            value = row.integer(0);
            return false;
          }));
          return value;
        }));
  }
  std::vector<std::string> transcript(const SessionId& session) {
    return texts_of(must(repositories_->transcripts.tail(session, 0)));
  }
  Accepted accept(Inbound message, SessionKey key = kMain, bool begin_now = true,
                  std::int64_t now_ms = 1'000) {
    return must(repositories_->runs.accept(std::move(message), std::move(key), fresh_id(), now_ms,
                                           begin_now));
  }
  void finish(const RunId& id, std::string answer, std::int64_t now_ms = 2'000) {
    Finish end;
    end.run = id;
    end.messages = {says(Role::assistant, std::move(answer))};
    end.ended_ms = now_ms;
    must(repositories_->runs.finish(std::move(end)));
  }
  SessionId fresh_id() { return SessionId(uuid_v4(random_)); }

  Sessions& sessions() { return repositories_->sessions; }
  Transcripts& transcripts() { return repositories_->transcripts; }
  Runs& runs() { return repositories_->runs; }
  Costs& costs() { return repositories_->costs; }
  Approvals& approvals() { return repositories_->approvals; }

  test::TempDir dir_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Repositories> repositories_;
};

}  // namespace carapace::store

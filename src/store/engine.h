// The narrow seam below the repositories: a database that runs closures in transactions. SQLite
// implements it today; a second database can. SQL stands only in this module. `transact` and
// `query` are called on the loop; the closures run on the store's own threads, must not touch
// loop-owned state and may run a second time when their batch had to be retried, so they change
// nothing but the database.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "async/coro.h"
#include "base/error.h"

namespace carapace::store {

using Param = std::variant<std::nullptr_t, std::int64_t, double, std::string>;

// One result row; columns count from 0. Valid inside the callback only.
class Row {
 public:
  virtual ~Row() = default;
  virtual std::int64_t integer(int column) const = 0;  // NULL reads as 0
  virtual std::string text(int column) const = 0;      // NULL reads as ""
  virtual bool is_null(int column) const = 0;
};

// One connection inside one closure.
class Statements {
 public:
  virtual ~Statements() = default;
  // Runs one statement to its end; answers how many rows it changed (insert, update and delete
  // only).
  virtual Result<std::int64_t> run(std::string_view sql,
                                   std::initializer_list<Param> params = {}) = 0;
  // Calls `each` for every row; false ends early.
  virtual Status rows(std::string_view sql, std::initializer_list<Param> params,
                      const std::function<bool(const Row&)>& each) = 0;
  virtual std::int64_t last_row_id() const = 0;
};

class Engine {
 public:
  virtual ~Engine() = default;
  // All or nothing, and durable (fsynced) when this returns success: waiting closures share one
  // commit, each inside its own savepoint. An error of the closure undoes only its own work. Errors
  // of the engine: unavailable (disk full, I/O: detail says what to do), conflict (locked by
  // another process).
  virtual Task<Status> transact(std::move_only_function<Status(Statements&)> body) = 0;
  // A consistent read that never waits for the writer's disk.
  virtual Task<Status> query(std::move_only_function<Status(Statements&)> body) = 0;
};

// The same with a value. `body` is Result<T>(Statements&).
template <typename T>
Task<Result<T>> transact_for(Engine& engine, std::move_only_function<Result<T>(Statements&)> body) {
  auto slot = std::make_shared<std::optional<T>>();
  auto status =
      co_await engine.transact([slot, body = std::move(body)](Statements& db) mutable -> Status {
        auto value = body(db);
        if (!value) return std::unexpected(std::move(value).error());
        slot->emplace(std::move(*value));
        return {};
      });
  if (!status) co_return std::unexpected(std::move(status).error());
  co_return std::move(**slot);
}
template <typename T>
Task<Result<T>> query_for(Engine& engine, std::move_only_function<Result<T>(Statements&)> body) {
  auto slot = std::make_shared<std::optional<T>>();
  auto status =
      co_await engine.query([slot, body = std::move(body)](Statements& db) mutable -> Status {
        auto value = body(db);
        if (!value) return std::unexpected(std::move(value).error());
        slot->emplace(std::move(*value));
        return {};
      });
  if (!status) co_return std::unexpected(std::move(status).error());
  co_return std::move(**slot);
}

struct OpenOptions {
  std::string path;  // of the database file; its folder exists
  std::string
      program_version;   // written into the file; named when an older program meets a newer schema
  std::string vfs = {};  // name of a registered SQLite VFS; empty: the default
};

// Opens, migrates after a copy (`<path>.v<N>.bak`) and starts the writer. conflict: the schema is
// newer than this program (detail names the version that wrote it) or the file is in use; internal:
// the file is damaged.
Result<std::unique_ptr<Engine>> open_engine(const OpenOptions& options);

}  // namespace carapace::store

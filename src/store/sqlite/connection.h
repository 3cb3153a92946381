// One SQLite connection with its statement cache: the `Statements` that closures see. Made by the
// engine, the readers and the text index; used by one thread at a time; closes itself. Not a
// transaction: who owns the connection writes BEGIN and COMMIT.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "store/engine.h"

struct sqlite3;
struct sqlite3_stmt;

namespace carapace::store {

struct ConnectionOptions {
  std::string path;  // ":memory:" for a private database without a file
  std::string vfs;   // empty: the default
  bool read_only = false;
  bool synchronous = true;  // false only in tests that show what fsync is for
  int cache_kib = 1024;
  // Nobody writes to the file meanwhile: no lock is taken and no file is made beside it.
  bool immutable = false;
};

class Connection final : public Statements {
 public:
  static Result<std::unique_ptr<Connection>> open(const ConnectionOptions& options);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<std::int64_t> run(std::string_view sql, std::initializer_list<Param> params = {}) override;
  Status rows(std::string_view sql, std::initializer_list<Param> params,
              const std::function<bool(const Row&)>& each) override;
  std::int64_t last_row_id() const override;

  // Several statements without parameters, never cached: schema and pragmas.
  Status script(std::string_view sql);
  Result<std::int64_t> integer(
      std::string_view sql);  // first column of the first row; 0 without a row
  bool in_transaction() const;
  // While set, statements fail once the transaction is gone, instead of committing one by one.
  void require_transaction(bool required) { transaction_required_ = required; }
  // Moves what it can of the write-ahead log into the file, without waiting for readers.
  void checkpoint();
  sqlite3* handle() const { return db_; }
  const std::string& path() const { return path_; }

 private:
  struct Cached {
    sqlite3_stmt* statement = nullptr;
    bool busy = false;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  class Use;

  Connection(sqlite3* db, std::string path) : db_(db), path_(std::move(path)) {}
  Result<sqlite3_stmt*> prepare(std::string_view sql, bool keep) const;
  Status bind(sqlite3_stmt* statement, std::initializer_list<Param> params) const;
  Result<Use> use(std::string_view sql, std::initializer_list<Param> params);
  void forget_idle();

  sqlite3* db_;
  std::string path_;
  bool transaction_required_ = false;
  std::unordered_map<std::string, Cached, TextHash, std::equal_to<>> cache_;
};

}  // namespace carapace::store

#include "store/sqlite/connection.h"

#include <sqlite3.h>

#include <utility>

#include "store/sqlite/errors.h"

namespace carapace::store {
namespace {

constexpr std::size_t kCachedStatements = 96;
constexpr int kBusyMs = 2'000;

class SqliteRow final : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}
  std::int64_t integer(int column) const override {
    return ::sqlite3_column_int64(statement_, column);
  }
  std::string text(int column) const override {
    // The length comes from SQLite, never from a terminating NUL: texts may hold NUL bytes.
    const auto* bytes = reinterpret_cast<const char*>(::sqlite3_column_text(statement_, column));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<std::size_t>(::sqlite3_column_bytes(statement_, column))};
  }
  bool is_null(int column) const override {
    return ::sqlite3_column_type(statement_, column) == SQLITE_NULL;
  }

 private:
  sqlite3_stmt* statement_;
};

struct Binder {
  sqlite3_stmt* statement;
  int index;
  int operator()(std::nullptr_t) const { return ::sqlite3_bind_null(statement, index); }
  int operator()(std::int64_t value) const { return ::sqlite3_bind_int64(statement, index, value); }
  int operator()(double value) const { return ::sqlite3_bind_double(statement, index, value); }
  int operator()(const std::string& value) const {
    // The parameters outlive the step, so SQLite need not copy.
    return ::sqlite3_bind_text64(statement, index, value.data(), value.size(), SQLITE_STATIC,
                                 SQLITE_UTF8);
  }
};

// The path as a URI of SQLite's, with a promise that nobody writes meanwhile.
std::string immutable_uri(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    const bool plain = c != '%' && c != '?' && c != '#' && static_cast<unsigned char>(c) > 0x20;
    uri += plain ? std::string(1, c) : fmt::format("%{:02x}", static_cast<unsigned char>(c));
  }
  return uri + "?immutable=1";
}

}  // namespace

// A statement while it runs: reset and unbound at the end, and given back or destroyed.
class Connection::Use {
 public:
  Use(sqlite3_stmt* statement, bool* busy) : statement_(statement), busy_(busy) {
    if (busy_ != nullptr) *busy_ = true;
  }
  Use(Use&& other) noexcept
      : statement_(std::exchange(other.statement_, nullptr)), busy_(other.busy_) {}
  Use& operator=(Use&&) = delete;
  ~Use() {
    if (statement_ == nullptr) return;
    if (busy_ == nullptr) {
      ::sqlite3_finalize(statement_);
      return;
    }
    ::sqlite3_reset(statement_);
    ::sqlite3_clear_bindings(statement_);
    *busy_ = false;
  }
  sqlite3_stmt* get() const { return statement_; }

 private:
  sqlite3_stmt* statement_;
  bool* busy_;  // null: not cached
};

Result<std::unique_ptr<Connection>> Connection::open(const ConnectionOptions& options) {
  sqlite3* db = nullptr;
  const auto name = options.immutable ? immutable_uri(options.path) : options.path;
  const int flags =
      SQLITE_OPEN_NOMUTEX | (options.immutable ? SQLITE_OPEN_URI : 0) |
      (options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const int code = ::sqlite3_open_v2(name.c_str(), &db, flags,
                                     options.vfs.empty() ? nullptr : options.vfs.c_str());
  std::unique_ptr<Connection> connection(new Connection(db, options.path));
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(db, code, options.path));
  ::sqlite3_extended_result_codes(db, 1);
  ::sqlite3_busy_timeout(db, kBusyMs);
  // A damaged or hostile file must not run code of its schema or reach its own tables by the back
  // door.
  ::sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  ::sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  TRY_STATUS(
      connection->script(fmt::format("PRAGMA cache_size=-{}; PRAGMA temp_store=MEMORY; PRAGMA "
                                     "mmap_size=0; PRAGMA foreign_keys=ON; "
                                     "PRAGMA cell_size_check=ON; PRAGMA synchronous={};",
                                     options.cache_kib, options.synchronous ? "FULL" : "OFF")));
  return connection;
}

Connection::~Connection() {
  for (auto& [sql, cached] : cache_) ::sqlite3_finalize(cached.statement);
  ::sqlite3_close_v2(db_);
}

Result<sqlite3_stmt*> Connection::prepare(std::string_view sql, bool keep) const {
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  const int code = ::sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                        keep ? SQLITE_PREPARE_PERSISTENT : 0, &statement, &rest);
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(db_, code, path_));
  CARAPACE_CHECK(statement != nullptr && rest == sql.data() + sql.size());  // exactly one statement
  return statement;
}

Status Connection::bind(sqlite3_stmt* statement, std::initializer_list<Param> params) const {
  CARAPACE_CHECK(::sqlite3_bind_parameter_count(statement) == static_cast<int>(params.size()));
  int index = 0;
  for (const auto& param : params) {
    const int code = std::visit(Binder{statement, ++index}, param);
    if (code != SQLITE_OK) return std::unexpected(sqlite_error(db_, code, path_));
  }
  return {};
}

Result<Connection::Use> Connection::use(std::string_view sql, std::initializer_list<Param> params) {
  if (transaction_required_ && !in_transaction())
    return fail(Errc::unavailable, "the transaction was undone by an earlier error");
  auto found = cache_.find(sql);
  if (found == cache_.end()) {
    if (cache_.size() >= kCachedStatements) forget_idle();
    TRY(auto* statement, prepare(sql, true));
    found = cache_.emplace(std::string(sql), Cached{statement}).first;
  }
  sqlite3_stmt* statement = found->second.statement;
  bool* busy = &found->second.busy;
  if (*busy) {  // the same text inside its own row callback
    TRY(statement, prepare(sql, false));
    busy = nullptr;
  }
  Use running(statement, busy);
  TRY_STATUS(bind(statement, params));
  return running;
}

void Connection::forget_idle() {
  std::erase_if(cache_, [](auto& entry) {
    if (entry.second.busy) return false;
    ::sqlite3_finalize(entry.second.statement);
    return true;
  });
}

Result<std::int64_t> Connection::run(std::string_view sql, std::initializer_list<Param> params) {
  TRY(const auto running, use(sql, params));
  int code = SQLITE_ROW;
  while (code == SQLITE_ROW) code = ::sqlite3_step(running.get());
  if (code != SQLITE_DONE) return std::unexpected(sqlite_error(db_, code, path_));
  return ::sqlite3_changes64(db_);
}

Status Connection::rows(std::string_view sql, std::initializer_list<Param> params,
                        const std::function<bool(const Row&)>& each) {
  TRY(const auto running, use(sql, params));
  const SqliteRow row(running.get());
  for (;;) {
    const int code = ::sqlite3_step(running.get());
    if (code == SQLITE_DONE) return {};
    if (code != SQLITE_ROW) return std::unexpected(sqlite_error(db_, code, path_));
    if (!each(row)) return {};
  }
}

std::int64_t Connection::last_row_id() const { return ::sqlite3_last_insert_rowid(db_); }

Status Connection::script(std::string_view sql) {
  const std::string text(sql);
  const int code = ::sqlite3_exec(db_, text.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return std::unexpected(sqlite_error(db_, code, path_));
  return {};
}

Result<std::int64_t> Connection::integer(std::string_view sql) {
  std::int64_t value = 0;
  TRY_STATUS(rows(sql, {}, [&](const Row& row) {
    value = row.integer(0);
    return false;
  }));
  return value;
}

bool Connection::in_transaction() const { return ::sqlite3_get_autocommit(db_) == 0; }

void Connection::checkpoint() {
  // A failure (disk full, a reader in the way) loses nothing: the log stays and the next one tries
  // again.
  ::sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

}  // namespace carapace::store

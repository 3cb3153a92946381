#include "store/sqlite/engine.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "async/completion.h"
#include "fs/io_error.h"
#include "fs/lock.h"
#include "store/sqlite/readers.h"
#include "store/sqlite/writer.h"

namespace carapace::store {
namespace {

// The caches are small on purpose: the kernel's page cache serves hot pages within a microsecond,
// and an idle gateway shall be small.
constexpr int kWriterCacheKib = 1024;
constexpr int kReaderCacheKib = 512;
constexpr int kLogKeepBytes = 16 << 20;

class SqliteEngine final : public Engine {
 public:
  SqliteEngine(std::unique_ptr<fs::FileLock> lock, std::unique_ptr<Connection> connection,
               ConnectionOptions reading)
      : lock_(std::move(lock)), writer_(std::move(connection)), readers_(std::move(reading)) {}

  Task<Status> transact(std::move_only_function<Status(Statements&)> body) override {
    return park<Status>([this, body = std::move(body)](Waiter<Status> waiter) mutable {
      writer_.submit(std::move(body), std::move(waiter));
    });
  }
  Task<Status> query(std::move_only_function<Status(Statements&)> body) override {
    return readers_.query(std::move(body));
  }

 private:
  std::unique_ptr<fs::FileLock> lock_;
  Writer writer_;
  Readers
      readers_;  // goes first, so that the writer's connection is the last and tidies the log away
};

// SQLite would create the file readable for everybody, and leave its name to chance after a power
// loss. Its log files take the mode of this one.
Status create_private(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) {
    if (errno == EEXIST) return {};
    return fs::io_failure(errno, "create", path);
  }
  ::close(file);
  const auto folder = fs::folder_of(path);
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = directory >= 0 && ::fsync(directory) == 0;
  const int error = errno;
  if (directory >= 0) ::close(directory);
  if (!synced) return fs::io_failure(error, "make durable", folder);
  return {};
}

Status use_log(Connection& db) {
  std::string mode;
  TRY_STATUS(db.rows("PRAGMA journal_mode=WAL", {}, [&](const Row& row) {
    mode = row.text(0);
    return true;
  }));
  if (mode != "wal")
    return fail(Errc::unavailable,
                "the file system of {} cannot hold the store (journal mode {}): use a local disk",
                db.path(), mode);
  return db.script(fmt::format("PRAGMA journal_size_limit={}", kLogKeepBytes));
}

}  // namespace

Result<std::unique_ptr<Engine>> open_sqlite_engine(const OpenOptions& options,
                                                   const EngineTuning& tuning) {
  TRY(auto lock, fs::try_lock(options.path + ".lock"));
  TRY_STATUS(create_private(options.path));
  ConnectionOptions writing{options.path, options.vfs, false, tuning.synchronous, kWriterCacheKib};
  TRY(auto connection, Connection::open(writing));
  TRY(const auto version, schema_version(*connection, tuning.steps, options.program_version));
  TRY_STATUS(use_log(*connection));
  TRY_STATUS(migrate(*connection, tuning.steps, version, options.program_version));
  auto reading = writing;
  reading.cache_kib = kReaderCacheKib;
  return std::make_unique<SqliteEngine>(std::move(lock), std::move(connection), std::move(reading));
}

Result<std::unique_ptr<Engine>> open_engine(const OpenOptions& options) {
  return open_sqlite_engine(options, {});
}

}  // namespace carapace::store

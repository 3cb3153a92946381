#include "store/inspect.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>

#include "fs/io_error.h"
#include "fs/read_file.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/migrations.h"

namespace carapace::store {
namespace {

constexpr int kStepsBetweenLooks = 10'000;  // of SQLite's machine; well below a millisecond
constexpr int kWords = 5;

using Instant = std::chrono::steady_clock::time_point;

int is_over(void* end) {
  return std::chrono::steady_clock::now() >= *static_cast<const Instant*>(end) ? 1 : 0;
}

}  // namespace

std::int64_t newest_schema() { return known_migrations().back().version; }
std::string engine_version() { return ::sqlite3_libversion(); }

Result<Inspection> inspect(const std::string& path, const std::string& program_version,
                           std::int64_t budget_ms) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return fs::io_failure(errno, "look at", path);
  // SQLite would wait for somebody at the other end of a FIFO.
  if (!S_ISREG(info.st_mode))
    return fail(Errc::invalid_request, "{} is no regular file. Move it away.", path);
  // While a gateway runs, and after it was killed, there is a log of what it wrote last. Without
  // one the file is whole, and looking at it leaves nothing behind.
  TRY(auto db,
      Connection::open(
          {.path = path, .vfs = {}, .read_only = true, .immutable = !fs::exists(path + "-wal")}));
  Inspection found;
  TRY(found.schema, schema_version(*db, known_migrations(), program_version));
  Instant end = std::chrono::steady_clock::now() + std::chrono::milliseconds(budget_ms);
  ::sqlite3_progress_handler(db->handle(), kStepsBetweenLooks, &is_over, &end);
  const auto looked =
      db->rows(fmt::format("PRAGMA quick_check({})", kWords), {}, [&found](const Row& row) {
        found.checked = true;
        if (row.text(0) != "ok") found.damage.push_back(row.text(0));
        return true;
      });
  ::sqlite3_progress_handler(db->handle(), 0, nullptr, nullptr);
  if (!looked && is_over(&end) == 0) return std::unexpected(looked.error());
  return found;
}

}  // namespace carapace::store

#include "store/sqlite/migrations.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "fs/io_error.h"
#include "log/log.h"

namespace carapace::store {
namespace {

constexpr log::Log kLog{"store"};
constexpr std::int64_t kApplicationId = 0x43525043;  // "CRPC"

Status sync_path(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = file >= 0 && ::fsync(file) == 0;
  const int error = errno;
  if (file >= 0) ::close(file);
  if (!synced)
    return fail(Errc::unavailable, "cannot make {} durable: {}", path, std::strerror(error));
  return {};
}

// A whole copy, complete or absent: written beside, synced, then renamed.
Status keep_copy(Connection& db, std::int64_t version) {
  const auto target = fmt::format("{}.v{}.bak", db.path(), version);
  const auto part = target + ".part";
  ::unlink(part.c_str());
  if (auto copied = db.run("VACUUM INTO ?1", {part}); !copied) {
    ::unlink(part.c_str());
    return fail(copied.error().code,
                "the store must be copied to {} before it is upgraded, and that failed ({}); "
                "nothing was changed",
                target, copied.error().detail);
  }
  ::chmod(part.c_str(), 0600);
  TRY_STATUS(sync_path(part));
  if (::rename(part.c_str(), target.c_str()) != 0)
    return fail(Errc::unavailable, "cannot rename {} to {}: {}", part, target,
                std::strerror(errno));
  TRY_STATUS(sync_path(fs::folder_of(target)));
  kLog.info("the store is upgraded; a copy was kept", {{"copy", target}});
  return {};
}

// Any schema keeps `meta`; if a newer one did not, its number alone must do.
std::string written_by(Connection& db) {
  std::string name = "of an unknown version";
  (void)db.rows("SELECT value FROM meta WHERE name = 'program_version'", {}, [&](const Row& row) {
    name = row.text(0);
    return false;
  });
  return name;
}

Status refuse_foreign(Connection& db, std::int64_t version) {
  TRY(const auto application, db.integer("PRAGMA application_id"));
  TRY(const auto tables, db.integer("SELECT count(*) FROM sqlite_schema"));
  if (application == kApplicationId || (application == 0 && version == 0 && tables == 0)) return {};
  return fail(Errc::conflict, "{} is a database of another program; nothing was changed",
              db.path());
}

Status apply(Connection& db, std::span<const Migration> steps, std::int64_t from,
             const std::string& program_version) {
  for (const auto& step : steps)
    if (step.version > from) TRY_STATUS(db.script(step.sql));
  TRY_STATUS(
      db.run("INSERT INTO meta(name, value) VALUES ('program_version', ?1) "
             "ON CONFLICT(name) DO UPDATE SET value = excluded.value",
             {program_version}));
  return db.script(fmt::format("PRAGMA application_id={}; PRAGMA user_version={}", kApplicationId,
                               steps.back().version));
}

}  // namespace

Result<std::int64_t> schema_version(Connection& db, std::span<const Migration> steps,
                                    const std::string& program_version) {
  TRY(const auto version, db.integer("PRAGMA user_version"));
  TRY_STATUS(refuse_foreign(db, version));
  const auto newest = steps.back().version;
  if (version <= newest) return version;
  const auto writer = written_by(db);
  return fail(Errc::conflict,
              "the store was written by Carapace {} (schema {}); this is {} (schema {}): use {} or "
              "newer, nothing was changed",
              writer, version, program_version, newest, writer);
}

Status migrate(Connection& db, std::span<const Migration> steps, std::int64_t version,
               const std::string& program_version) {
  if (version == steps.back().version) return {};
  if (version > 0) TRY_STATUS(keep_copy(db, version));
  TRY_STATUS(db.script("BEGIN EXCLUSIVE"));
  auto done = apply(db, steps, version, program_version);
  if (done) done = db.script("COMMIT");
  if (!done && db.in_transaction()) (void)db.script("ROLLBACK");
  return done;
}

}  // namespace carapace::store

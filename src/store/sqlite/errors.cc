#include "store/sqlite/errors.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>

#include "fs/io_error.h"

namespace carapace::store {
namespace {

Error disk_full(const std::string& path) {
  return {Errc::unavailable,
          fmt::format("the disk is full: free space in {}; nothing of this message was kept",
                      fs::folder_of(path)),
          -1};
}

// What the system said: SQLite keeps it for the call that failed or, for a commit, only in its open
// files.
int system_errno(sqlite3* db) {
  if (db == nullptr) return 0;
  int number = ::sqlite3_system_errno(db);
  sqlite3_file* log = nullptr;
  if (number == 0 &&
      ::sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&log)) ==
          SQLITE_OK &&
      log != nullptr && log->pMethods != nullptr)
    (void)log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &number);
  if (number == 0) (void)::sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &number);
  return number;
}

}  // namespace

Error sqlite_error(sqlite3* db, int code, const std::string& path) {
  const int kind = code & 0xff;
  const int system_error = kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN ? system_errno(db) : 0;
  const char* message = db != nullptr ? ::sqlite3_errmsg(db) : ::sqlite3_errstr(code);
  switch (kind) {
    case SQLITE_FULL: return disk_full(path);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      if (system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG)
        return disk_full(path);
      return {Errc::unavailable,
              fmt::format("the store {} cannot be read or written: {} ({}); check the disk and the "
                          "permissions of {}",
                          path, message,
                          system_error != 0 ? std::strerror(system_error) : ::sqlite3_errstr(code),
                          fs::folder_of(path)),
              -1};
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return {Errc::unavailable,
              fmt::format("the store {} may not be written: {}; check the permissions of {}", path,
                          message, fs::folder_of(path)),
              -1};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Errc::conflict, fmt::format("the store {} is in use by another process", path), -1};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {Errc::internal,
              fmt::format("the store {} is damaged ({}): stop the gateway and put a copy back, "
                          "from a backup or "
                          "from the newest {}.v*.bak beside it",
                          path, message, path),
              -1};
    case SQLITE_CONSTRAINT:
      return {Errc::conflict, fmt::format("the store refused a row: {}", message), -1};
    case SQLITE_TOOBIG:
      return {Errc::too_large, fmt::format("too large for the store: {}", message), -1};
    default:
      return {Errc::internal, fmt::format("store {}: {} (code {})", path, message, code), -1};
  }
}

}  // namespace carapace::store

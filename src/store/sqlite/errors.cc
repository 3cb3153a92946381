#include "store/sqlite/errors.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>

#include "fs/io_error.h"

namespace carapace::store {
namespace {

Error disk_full(const std::string& path) {
  return {Errc::unavailable,
          fmt::format("the disk is full: free space in {}; nothing of this message was kept", fs::folder_of(path)), -1};
}

}  // namespace

Error sqlite_error(sqlite3* db, int code, const std::string& path) {
  const int system_error = db != nullptr ? ::sqlite3_system_errno(db) : 0;
  const char* message = db != nullptr ? ::sqlite3_errmsg(db) : ::sqlite3_errstr(code);
  switch (code & 0xff) {
    case SQLITE_FULL:
      return disk_full(path);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      if (system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG) return disk_full(path);
      return {Errc::unavailable,
              fmt::format("the store {} cannot be read or written: {} ({}); check the disk and the permissions of {}",
                          path, message, system_error != 0 ? std::strerror(system_error) : ::sqlite3_errstr(code),
                          fs::folder_of(path)),
              -1};
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return {Errc::unavailable,
              fmt::format("the store {} may not be written: {}; check the permissions of {}", path, message,
                          fs::folder_of(path)),
              -1};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Errc::conflict, fmt::format("the store {} is in use by another process", path), -1};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {Errc::internal,
              fmt::format("the store {} is damaged ({}): stop the gateway and put a copy back, from a backup or "
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

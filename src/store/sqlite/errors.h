// SQLite's result codes as our errors: the code is the policy (unavailable: retry later, conflict:
// somebody else holds it, internal: damaged) and the detail tells an operator which file and what
// to do. Called by the connection right after the failed call, on its thread. Pure but for reading
// the connection's state.
#pragma once

#include <string>

#include "base/error.h"

struct sqlite3;

namespace carapace::store {

// `code` is what the call answered (extended or not); `path` is the database file.
Error sqlite_error(sqlite3* db, int code, const std::string& path);

}  // namespace carapace::store

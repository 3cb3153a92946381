// The ordered steps of the schema, and taking a file from its step to the newest: all missing steps
// in one transaction, after a copy of what was there, so that a store is never half migrated.
// Called once by the engine when it opens; tests bring lists of their own.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "store/sqlite/connection.h"

namespace carapace::store {

struct Migration {
  std::int64_t version = 0;  // 1, 2, 3 …: PRAGMA user_version after the step
  std::string_view sql;      // a script
};

std::span<const Migration> known_migrations();

// The version of the file, 0 for an empty one; changes nothing. conflict: it is newer than the list
// (detail names who wrote it) or another program's database.
Result<std::int64_t> schema_version(Connection& db, std::span<const Migration> steps,
                                    const std::string& program_version);
// Runs what is missing after `version`.
Status migrate(Connection& db, std::span<const Migration> steps, std::int64_t version,
               const std::string& program_version);

}  // namespace carapace::store

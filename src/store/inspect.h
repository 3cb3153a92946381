// A look at the database file from outside, beside a gateway that may be running on it: which
// schema it has and whether it is whole. Reads only. Blocks on the disk; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace carapace::store {

struct Inspection {
  std::int64_t schema = 0;               // of the file; 0: nothing is in it yet
  bool checked = false;                  // false: the budget ended before the check did
  std::vector<std::string> damage = {};  // SQLite's words, a few of them
};

// What this program writes.
std::int64_t newest_schema();
std::string engine_version();  // "3.46.1"

// conflict: a newer schema, or a database of another program. internal: it cannot be read as a
// database at all. not_found, forbidden, unavailable as the disk says.
Result<Inspection> inspect(const std::string& path, const std::string& program_version,
                           std::int64_t budget_ms);

}  // namespace carapace::store

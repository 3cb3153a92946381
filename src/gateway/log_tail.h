// Reads the end of a log file by byte cursor (protocol §2.1, logs.tail). Blocks on the disk: run it
// on the pool.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace carapace::gateway {

struct TailRequest {
  std::string file;
  std::optional<std::int64_t> cursor;  // bytes; where the reader stopped last time
  std::int64_t limit = 500;            // lines
  std::int64_t max_bytes = 250'000;
};

struct Tail {
  std::int64_t size = 0;  // of the file now: the next cursor
  std::vector<std::string> lines;
  bool truncated = false;  // older bytes were skipped
  bool reset = false;      // the cursor was of another file, or too far behind
};

// A missing file is an empty one. unavailable when it cannot be read.
Result<Tail> tail_log(const TailRequest& request);

}  // namespace carapace::gateway

// The last ten configurations that stood on the disk: each a numbered, sealed bundle of the file
// and all that it includes, in `<state>/config-history/`. What lies there is encrypted under a key
// of this installation (a file beside, 0600), so that a secret which somebody has taken out of his
// file is not found in a forgotten copy. A start falls back on the newest good one. Blocks on the
// disk. A value; any thread, any process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "config/read/document.h"

namespace carapace::config {

inline constexpr std::size_t kHistoryLength = 10;

struct HistoryFile {
  std::string path;  // absolute
  std::string text;
  bool operator==(const HistoryFile&) const = default;
};

struct HistoryEntry {
  std::uint64_t number = 0;        // counts up; never used twice
  std::int64_t at_ms = 0;          // Unix
  std::string by;                  // what wrote it: "config.patch", "edited by hand"
  std::string hash;                // SHA-256 hex of the main file
  bool good = false;               // a gateway has run with it
  std::vector<HistoryFile> files;  // main first
};

struct HistoryList {
  std::vector<HistoryEntry> entries;  // newest first
  std::vector<std::string> damaged;   // sentences about entries that cannot be read
};

class History {
 public:
  History(std::string state_dir, Random& random);

  // Damaged entries are passed over and told about. No history at all is an empty list.
  Result<HistoryList> list() const;
  // not_found when there is no such number; invalid_request when it cannot be opened.
  Result<HistoryEntry> load(std::uint64_t number) const;
  // Keeps the bundle and lets the oldest go. The number is that of the newest entry when that holds
  // the same files already. `number`, and `by` and `at_ms` of an entry that is there, are kept.
  Result<std::uint64_t> record(const HistoryEntry& entry) const;
  // A gateway runs with these files: their newest entry may be fallen back on. False: there is no
  // such entry.
  Result<bool> mark_good(std::string_view hash) const;
  // nullopt when there has never been one.
  Result<std::optional<HistoryEntry>> newest_good() const;

  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
  Random* random_;
};

// The file as it is goes into the history when it is not the newest entry there: before a write,
// and after somebody edited it by hand. The answer is its number; nullopt when there is no file.
Result<std::optional<std::uint64_t>> record_document(const History& history,
                                                     const Document& document, std::string by,
                                                     std::int64_t at_ms);

// A unified diff of two texts with three lines around each change; empty when they are the same.
std::string unified_diff(std::string_view before, std::string_view after,
                         std::string_view before_name, std::string_view after_name);

}  // namespace carapace::config

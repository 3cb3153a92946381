// `<state>/credentials/index.json`: which credentials this installation has put where. Names and
// times, never values. A broken file is replaced by its copy `index.json.bak`, or moved to
// `index.corrupt.<ts>` and started empty. Blocks on the disk; whoever changes it holds the lock.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "fs/lock.h"

namespace carapace::secret {

struct CredentialEntry {
  std::string account;
  std::string store;  // id of the row that holds it
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;
};

struct CredentialIndex {
  std::vector<CredentialEntry> entries = {};  // in order of the accounts
  std::map<std::string, std::vector<std::int64_t>> plugin_writes =
      {};  // wall ms, of the last minute

  CredentialEntry* find(std::string_view account);
  void put(CredentialEntry entry);
  void erase(std::string_view account);
};

class CredentialIndexFile {
 public:
  explicit CredentialIndexFile(std::string folder);

  // Timeout when another process holds it for 5 s.
  Result<std::unique_ptr<fs::FileLock>> lock() const;
  // A missing file is an empty index. Io: it cannot be read. IndexCorrupted: it is broken, so is
  // its copy, and it cannot be moved away.
  Result<CredentialIndex> read(std::int64_t now_ms) const;
  Status write(const CredentialIndex& index) const;

 private:
  std::string path() const { return folder_ + "/index.json"; }
  std::string folder_;
};

}  // namespace carapace::secret

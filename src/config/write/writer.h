// Every change of the configuration file goes through here: locked against other writers, compared
// with the hash that the caller has seen, checked as it would be read, kept in the history, and
// written whole or not at all. Comments, order, includes and references stay on every path that a
// change does not touch. Blocks on the disk (up to ten seconds for the lock): commands call it, the
// gateway through `offload`. Any thread. Made by app/ only (tools/check_layers holds the fence), so
// that nothing an agent reaches can write configuration.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/json_fwd.h"
#include "base/random.h"
#include "config/history.h"
#include "config/key_path.h"
#include "config/paths.h"
#include "config/read/document.h"
#include "config/schema.h"

namespace carapace::secret {
class Envelopes;
}

namespace carapace::config {

// Whose hand writes. Over the network nobody changes the value of a protected key.
enum class Hand : std::uint8_t { owner, remote };

struct WriteRequest {
  std::string by;                             // what wrote, for the history: "config.patch"
  std::optional<std::string> base_hash = {};  // SHA-256 hex of the file that the caller has seen
  bool needs_hash = false;  // an existing file is changed only with the right hash
  Hand hand = Hand::owner;
  bool dry_run = false;  // everything but the write
  // Keys that no row knows may come in: a file of another version is taken over.
  bool keep_unknown = false;
};

enum class Refused : std::uint8_t {
  request,        // what came cannot be read, or asks for what cannot be
  stale,          // no hash, or not that of the file
  protected_key,  // the value of a protected key would change
  invalid,        // the result would have an error that the file has not: `issues`
  broken,         // the file on disk does not parse, so no single key of it can be changed
  read_only,      // this configuration belongs to somebody else (NIX_MODE)
  failed,         // the disk, or a lock that nobody gives up
};

struct Refusal {
  Refused why = Refused::failed;
  Error error = {};                // for people and for the wire; never quotes a value
  std::vector<Issue> issues = {};  // for Refused::invalid
};

struct Written {
  std::string file;                        // as it was named
  std::string hash;                        // of what stands there now
  std::string text;                        // the same; holds secrets
  bool changed = false;                    // false: nothing differed, and nothing was written
  std::vector<std::string> paths = {};     // that differ, a list as one
  std::vector<Issue> issues = {};          // what the checker warns of because of this change
  std::vector<std::string> warnings = {};  // sentences
};

using WriteResult = std::expected<Written, Refusal>;

struct WriterSettings {
  std::string file;
  std::string state_dir;  // the history lies there
  const Schema& schema;   // outlives the writer
  Environment environment;
  std::string version;  // stands as meta.lastTouchedVersion
  const Clock& clock;
  Random& random;
  // Seals new secrets before they are written; null or locked: they are written as they came, and
  // what is sealed already may not be replaced.
  secret::Envelopes* envelopes = nullptr;
};

class Writer {
 public:
  explicit Writer(WriterSettings settings) : settings_(std::move(settings)) {}

  // The whole file, as given.
  WriteResult replace(std::string_view text, const WriteRequest& request) const;
  // A merge patch (RFC 7396) as JSON5 text.
  WriteResult patch(std::string_view patch, const WriteRequest& request) const;
  WriteResult set(const KeyPath& path, const json::value& value, const WriteRequest& request) const;
  // Refused::request when the key is not set.
  WriteResult unset(const KeyPath& path, const WriteRequest& request) const;
  // An entry of the history comes back: the file, and the files that it includes.
  WriteResult roll_back(std::uint64_t number, const WriteRequest& request) const;

 private:
  struct Session;
  WriterSettings settings_;
};

}  // namespace carapace::config

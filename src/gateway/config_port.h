// What the gateway's face needs of the configuration: looking at it and changing it, with secrets
// already taken out of everything that comes back. app/ implements it, because nobody below may
// write configuration; the methods and the route only carry texts. Loop thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "async/task.h"

namespace carapace::gateway {

enum class ConfigLook : std::uint8_t {
  file,    // the snapshot of `config.get`; with a key {key, value}
  schema,  // {schema, uiHints, version, generatedAt}
  plan,    // what a change of the file would mean for the gateway that runs
};

enum class ConfigChange : std::uint8_t {
  set,       // `raw` is the whole file
  apply,     // the same, and the answer speaks of the restart
  patch,     // `raw` is a merge patch
  value,     // `raw` is the JSON value of the key `path`
  validate,  // `raw` is the whole file, and nothing is written
};

struct ConfigWrite {
  ConfigChange change = ConfigChange::set;
  std::string raw;
  std::string path = {};
  std::optional<std::string> base_hash = {};
  std::string session_key = {};  // that is told after a restart
  std::string note = {};
  std::int64_t restart_delay_ms = 2000;
};

struct ConfigFault {
  enum class Kind : std::uint8_t {
    request,        // 400
    protected_key,  // 403
    not_found,      // 404
    stale,          // 409
    invalid,        // 422, with issues
    failed,         // 500
    busy,           // 503: the lock is held
  };
  Kind kind = Kind::failed;
  std::string message;
  std::string issues = {};  // JSON list of {path, message}; empty: none
};

struct ConfigAnswer {
  std::string payload;               // JSON text
  std::optional<ConfigFault> fault;  // absent: done
};

class ConfigPort {
 public:
  virtual ~ConfigPort() = default;
  virtual Task<ConfigAnswer> look(ConfigLook what, std::string key) = 0;
  virtual Task<ConfigAnswer> write(ConfigWrite wanted) = 0;
  // Reads the file again now: {ok, mode, applied[], restartRequired[]}.
  virtual Task<ConfigAnswer> reload() = 0;
};

}  // namespace carapace::gateway

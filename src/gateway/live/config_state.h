// How the configuration file stands, as clients see it: in `health`, in `status`, and in the event
// `config.changed`. Values that app/ hands in; keys and sentences only, never a value of the
// configuration. Loop thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace carapace::gateway {

struct ConfigIssue {
  bool error = true;
  std::string path;     // of the key; empty: the whole file
  std::string message;  // a sentence
  std::string at;       // file:line:column; empty when it has no place
};

struct ConfigState {
  bool valid = true;  // false: the last good configuration is in force
  std::string file;
  std::string hash;  // of the file as it was last seen
  std::vector<ConfigIssue> issues;
  std::vector<std::string> waiting;  // keys that wait for a restart
};

// {valid, file, hash, issues[{severity, path, message, at?}], waiting[]}
std::string to_json(const ConfigState& state);
// The payload of `config.changed`: {mode, ts, hash, valid, changed[], issues?[]}. `mode` is hot,
// restart, none, waiting or invalid.
std::string config_changed_json(std::string_view mode, const std::vector<std::string>& changed,
                                const ConfigState& state, std::int64_t now_ms);

}  // namespace carapace::gateway

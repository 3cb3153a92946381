// One look of the keeper at the configuration on the disk, and what is kept of a good one. Blocks:
// run it on a pool. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/start/plan.h"
#include "async/file_watch.h"
#include "base/error.h"
#include "base/json_fwd.h"
#include "config/config.h"

namespace carapace::app {

struct ConfigLook {
  ConfigState state;
  std::optional<config::Config> config;
  bool usable = false;             // the configuration may come into force
  std::vector<WatchedFile> files;  // main first
  bool fresh = false;              // some of them were not watched while they were read
};

// `errors_before`: what was wrong with the file when it came into force (a secret whose variable is
// missing, say) does not stand in the way of other changes. `was_there`: a file that is gone or
// empty is no wish for defaults while a gateway runs.
struct LookSettings {
  std::vector<std::string> watched;
  std::vector<std::string> errors_before;
  bool was_there = false;
};
ConfigLook look_at(const Place& place, const config::Environment& environment,
                   const LookSettings& settings);

std::vector<std::string> errors_of(const std::vector<config::Issue>& issues);

// The files of a document, each with its sign as it is now, main first; and what would come before
// one of them if it lay there.
std::vector<WatchedFile> files_of(const config::Document& document);

// Keeps the document in the history; `good`: as one that a gateway has run with.
Status keep_document(const std::string& state_dir, const config::Document& document,
                     std::int64_t at_ms, bool good);

// One line for each issue of this severity. The key is a field by itself: before a colon the name
// of a secret would hide the word behind it.
void log_issues(const ConfigState& state, config::Severity severity);

// `after`, but at these paths as `before` is.
json::value tree_without(const json::value& before, json::value after,
                         const std::vector<std::string>& paths);

}  // namespace carapace::app

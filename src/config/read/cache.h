// Remembers what the configuration file meant when it was read last. Not by time stamps, which a
// quick edit can leave as they were: each look reads the bytes of all files again and compares
// them, and saves only what follows, parsing, merging and checking. So no edit can make it stale.
// Reading blocks. Any thread.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "config/config.h"

namespace carapace::config {

class ReadCache {
 public:
  // CARAPACE_DISABLE_CONFIG_CACHE set, or CARAPACE_CONFIG_CACHE_MS set to 0 or nothing: never
  // remembers. Other values of the latter mean nothing here: nothing grows old.
  explicit ReadCache(const Environment& environment);

  // As `config::inspect` of the disk. One schema and one environment for all calls.
  std::shared_ptr<const Inspection> inspect(const std::string& file, const Schema& schema,
                                            const Environment& environment);

 private:
  bool off_ = false;
  std::atomic<std::shared_ptr<const Inspection>> last_;
};

}  // namespace carapace::config

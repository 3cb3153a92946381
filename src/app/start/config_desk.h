// Serves and changes the configuration for the gateway's face: what goes out has no secrets in it,
// what comes in goes through the writer, and a change that was written is applied. The only way
// from the network to `config/write/`. Owned by the house; loop thread, with the disk on the pool.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "app/reload/keeper.h"
#include "async/pool.h"
#include "base/clock.h"
#include "base/random.h"
#include "config/paths.h"
#include "config/schema.h"
#include "gateway/config_port.h"

namespace carapace::app {

// What is asked of whoever keeps the configuration in force. Empty functions: nothing is applied
// while the gateway runs.
struct DeskEnds {
  std::function<const json::value&()> in_force = {};             // the tree
  std::function<std::shared_ptr<const Plan>()> taken_over = {};  // what waits included
  std::function<config::ReloadMode()> mode = {};
  std::function<Task<ReloadOutcome>()> reload = {};
  std::function<bool(std::int64_t delay_ms, std::string reason)> request_restart = {};
};

struct DeskPlace {
  std::string config_file;
  std::string state_dir;
  config::Environment environment;  // of the process
  std::string version;
};

// Schema, pool, clock and random outlive the desk.
std::unique_ptr<gateway::ConfigPort> make_config_desk(const config::Schema& schema, Pool& pool,
                                                      const Clock& clock, Random& random,
                                                      DeskPlace place, DeskEnds ends);

}  // namespace carapace::app

// What a gateway that runs says about itself to the commands of this machine, in
// `<state>/gateway.json`: which process it is, which configuration is in force, and what became of
// the newest change of its file. So `carapace config` can tell what a change did without a
// credential or a port. Paths of keys only, never values. Blocks on the disk. Any thread.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace carapace::app {

struct Standing {
  pid_t pid = 0;
  std::string config_file;
  std::string in_force;               // hash of the file that the gateway runs with
  std::string seen;                   // hash of the file as it was last looked at
  std::string outcome;                // of that look: none, hot, restart, waiting, invalid
  std::vector<std::string> parts;     // what started anew for it
  std::vector<std::string> waiting;   // keys that wait for a restart
  std::vector<std::string> problems;  // why `invalid`, as sentences
  bool operator==(const Standing&) const = default;
};

Status write_standing(const std::string& state_dir, const Standing& standing);

// Does a gateway use this state folder now?
bool gateway_runs(const std::string& state_dir);

// nullopt when no gateway of this state folder runs, or it has not said anything yet.
std::optional<Standing> read_standing(const std::string& state_dir);

// Waits until the gateway has looked at the file with this hash; nullopt when it has not within
// `limit`, or ended. Blocks; `pause` is called between two looks. An empty hash: whatever it says.
std::optional<Standing> wait_for_standing(const std::string& state_dir, const std::string& hash,
                                          std::chrono::milliseconds limit,
                                          const std::function<void()>& pause);

}  // namespace carapace::app

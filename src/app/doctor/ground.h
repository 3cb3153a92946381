// What the checks look at, gathered once: where things lie, what the configuration says as far as
// it can be read, and which gateway runs on the state folder. Made by `carapace doctor`; nothing is
// changed by looking. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/command_line.h"
#include "app/start/plan.h"
#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"
#include "config/paths.h"

namespace carapace::doctor {

// The gateway that holds the state folder.
struct Running {
  int pid = 0;             // 0: unknown
  std::uint16_t port = 0;  // 0: it listens nowhere that can be seen
  bool answers = false;    // GET /health
  std::string version = {};
};

struct Ground {
  app::Options options;
  config::Environment environment;
  config::Paths paths;
  const Clock& clock;
  std::string proc = "/proc";  // other folders in tests
  std::string sys = "/sys";

  config::Inspection inspection = {};

  // What a start would do; with a broken configuration what it would do without one.
  std::optional<app::Plan> plan = {};
  std::optional<Error> plan_error = {};
  bool refused_for_bind = false;  // the start would work on loopback

  std::optional<Running> running = {};

  const std::optional<config::Config>& config() const { return inspection.config; }
  std::string state_file(std::string_view name) const {
    return paths.state_dir + "/" + std::string(name);
  }
  // "carapace <words>", with the file and folder that were named to the doctor: a command that is
  // shown works on what was looked at. A remark behind `   #` stays behind.
  std::string command(std::string_view words) const;
};

// Fails only when nothing says where things lie.
Result<Ground> look_around(const app::Options& options, const config::Environment& environment,
                           const Clock& clock);

}  // namespace carapace::doctor

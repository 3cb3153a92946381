// What a gateway leaves for the one that follows it: who is to be told about the restart, and why.
// Lies in `<state>/restart-sentinel.json`, in the ancestor's shape, and is taken away by the next
// start, which puts it into that session (house.cc). Blocks on the disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"

namespace carapace::app {

struct RestartNote {
  std::string kind = "config-apply";  // config-apply, update, restart
  std::string status = "ok";          // ok, error, skipped
  std::int64_t at_ms = 0;             // Unix
  std::string session_key = {};       // empty: nobody is told
  std::string message = {};           // of whoever asked; empty: none
  std::string mode = {};              // what asked: config.patch
  std::string root = {};              // the configuration file
  bool operator==(const RestartNote&) const = default;
};

std::string restart_note_path(const std::string& state_dir);
// The payload as the answers of `config.apply` and `config.patch` carry it; JSON text.
std::string to_json(const RestartNote& note);
// What the session reads.
std::string to_text(const RestartNote& note);

Status leave_restart_note(const std::string& state_dir, const RestartNote& note);
// nullopt when there is none, or what lies there is none; it is gone afterwards in any case.
std::optional<RestartNote> take_restart_note(const std::string& state_dir);

}  // namespace carapace::app

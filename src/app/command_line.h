// The command line as values: which verb, with which options. Parsing, help and completion come
// from one description, so that they cannot disagree. Called once by main.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace carapace::app {

struct Options {
  std::string verb;         // start, chat, agent, open, status, logs, config, version, providers …
  std::string config_file;  // --config
  std::string state_dir;    // --state-dir
  std::optional<int> port;  // --port
  std::string bind;         // --bind
  std::string token;        // --token
  bool json = false;        // --json

  std::string message;  // agent
  bool message_given = false;
  std::string session;  // agent, chat
  std::string model;    // agent
  int timeout_s = 0;    // agent

  bool print_only = false;  // open --print
  int lines = 50;           // logs
  bool follow = false;

  std::string config_action;  // show, get, set, unset, edit, path, validate …
  std::string key;
  std::string value;  // `-`: from standard input
  bool value_given = false;
  bool strict = false;      // set: what is no JSON5 is refused
  bool append = false;      // set: behind the last item of a list
  bool only_set = false;    // show: without defaults
  bool dry_run = false;     // set, unset, rollback, import, migrate
  bool merge = false;       // import: into what is there
  bool replace = false;     // import: in place of what is there
  std::string path;         // validate, plan, import: a file or folder
  std::string first;        // diff: an entry of the history
  std::string second;       // diff: the other one
  std::uint64_t entry = 0;  // rollback; 0: the newest that differs from the file

  std::string credential_action;  // list, set, delete, migrate
  std::string name;               // credentials: kind:agent:id

  bool fix = false;      // doctor
  bool offline = false;  // doctor: nothing is asked of the network
  bool yes = false;      // doctor --fix: what it would ask

  std::string shell;                  // completion
  std::vector<std::string> help_for;  // help
  bool verbose = false;
};

struct Parsed {
  std::optional<Options> options;  // absent: `exit_code` says how to leave
  int exit_code = 0;
};

// Prints help, version or a usage error by itself. Usage errors exit with 2.
Parsed parse_command_line(int argc, const char* const* argv);

// The completion script for bash, zsh or fish; empty for another shell. (completion.cc)
std::string completion_script(const std::string& shell);

}  // namespace carapace::app

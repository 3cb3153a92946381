// The command line as values: which verb, with which options. Parsing, help and completion come
// from one description, so that they cannot disagree. Called once by main.
#pragma once

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

  std::string config_action;  // show, get, set, path
  std::string key;
  std::string value;

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

// The completion script for bash, zsh or fish; empty for another shell.
std::string completion_script(const std::string& shell);

}  // namespace carapace::app

// One line from a person: with editing and history on a terminal, plainly otherwise. `read` blocks,
// so it is called on a pool. One reader a process.
#pragma once

#include <memory>
#include <optional>
#include <string>

namespace carapace::app {

class LineReader {
 public:
  // `history_file` is kept 0600 between runs; empty: none.
  LineReader(std::string prompt, std::string history_file);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  std::optional<std::string> read();  // nullopt at the end of input (Ctrl-D)

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A secret from the terminal: nothing is echoed. nullopt at the end of input or when there is no
// terminal.
std::optional<std::string> read_secret(const std::string& prompt);

bool is_terminal(int descriptor);

}  // namespace carapace::app

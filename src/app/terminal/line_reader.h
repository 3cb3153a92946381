// One line from a person: with editing, history and pasted blocks on a terminal, plainly otherwise.
// `read` blocks, so it is called on a pool; `wake` may be called from anywhere. One reader a
// process.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace carapace::app {

struct Line {
  enum class Kind : std::uint8_t {
    text,
    end,          // end of input, or Ctrl-D on an empty line
    interrupted,  // Ctrl-C, where it was asked for
    woken,        // somebody called `wake`
  };
  Kind kind = Kind::end;
  std::string text;
};

class LineReader {
 public:
  // `history_file` is kept 0600 between runs; empty: none.
  LineReader(std::string prompt, std::string history_file);
  ~LineReader();  // leaves the terminal as it was
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  // A line of the conversation; Ctrl-C empties it, and on an empty one tells how to leave.
  Line read();
  // A short answer to a question that stands on the screen already; not kept in the history.
  Line answer();
  // Ends a `read` or `answer` that waits, or the next one.
  void wake();

  struct Impl;  // the editor's own callbacks see it; nobody else can

 private:
  std::unique_ptr<Impl> impl_;
};

// A secret from the terminal: nothing is echoed. nullopt at the end of input or when there is no
// terminal.
std::optional<std::string> read_secret(const std::string& prompt);

bool is_terminal(int descriptor);
int terminal_columns();  // 0 when standard output is no terminal or does not know

}  // namespace carapace::app

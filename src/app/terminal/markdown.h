// Markdown as a terminal shows it, while it streams: headings, bold, emphasis and code in styles,
// lists with bullets, tables aligned, links with their address, lines broken between words. Text is
// printed as it comes; held back is only a word that is not complete, a marker whose meaning is
// still open, and a table until it ends. Control characters in the text are removed, so that an
// answer cannot drive the terminal. Without I/O; one answer each.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace carapace::app {

struct Look {
  bool colour = false;  // else markers stay as they were written
  bool raw = false;     // no terminal: the text as it is, controls removed
  int columns = 0;      // lines are broken here; 0: not at all
};

class MarkdownPrinter {
 public:
  explicit MarkdownPrinter(Look look) : look_(look) {}

  std::string feed(std::string_view delta);  // what to write to the terminal now
  std::string finish();                      // what was held back, and every style off

 private:
  enum class Block : std::uint8_t {
    undecided,
    text,
    fence,
    heading,
    bullet,
    number,
    quote,
    table,
    rule
  };
  static Block classify(std::string_view start, bool complete);
  void character(std::string_view c);
  void line_character(std::string_view c);
  void begin_line(Block block);
  void end_line();
  void in_line(std::string_view c);
  void marks(std::string_view next);
  bool link(std::string_view c);
  void visible(std::string_view c);
  void style(const char* code, std::string_view mark);
  void word();
  void new_line();
  void end_table();

  Look look_;
  std::string out_;

  // The line.
  bool at_start_ = true;
  Block block_ = Block::text;
  std::string start_;  // of a line whose kind is open; a table's row; the rest of a fence line
  char fence_ = 0;     // the mark of the open code block
  int indent_ = 0;     // of the lines that follow within this one
  std::vector<std::string> table_;

  // Within it.
  std::string marks_;  // `*`, `_` and backticks that are not decided
  std::string link_;   // from `[` on
  std::string before_ = " ";
  bool escaped_ = false;
  bool bold_ = false;
  char slanted_ = 0;  // by which mark
  bool code_ = false;

  // The word that is not complete.
  std::string word_;
  int word_cells_ = 0;
  int spaces_ = 0;
  int column_ = 0;
};

}  // namespace carapace::app

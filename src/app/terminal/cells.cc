#include "app/terminal/cells.h"

#include <fmt/format.h>

#include <algorithm>
#include <cwchar>

#include "base/text.h"

namespace carapace::app {
namespace {

using Row = std::vector<std::string>;

char32_t code_point(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character.front());
  char32_t value = character.size() == 1 ? lead : lead & (0xffU >> (character.size() + 1));
  for (const char c : character.substr(1))
    value = (value << 6) | (static_cast<unsigned char>(c) & 0x3fU);
  return value;
}

// Cells carry no styles: the marks of bold and code go.
std::string plain_cell(std::string_view cell) {
  return std::string(trim(replace_all(replace_all(std::string(cell), "**", ""), "`", "")));
}

Row cells_of_row(std::string_view line) {
  Row cells;
  std::string cell;
  line = trim(line);
  if (line.starts_with('|')) line.remove_prefix(1);
  if (line.ends_with('|') && !line.ends_with("\\|")) line.remove_suffix(1);
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '|') {
      cell += line[++i];
    } else if (line[i] == '|') {
      cells.push_back(plain_cell(cell));
      cell.clear();
    } else {
      cell += line[i];
    }
  }
  cells.push_back(plain_cell(cell));
  return cells;
}

bool is_divider(const Row& row) {
  return std::ranges::all_of(row, [](const std::string& cell) {
    return cell.contains('-') && cell.find_first_not_of("-: ") == std::string::npos;
  });
}

std::string padded(const std::string& cell, int width, bool right) {
  const std::string space(static_cast<std::size_t>(std::max(0, width - cells_of(cell))), ' ');
  return right ? space + cell : cell + space;
}

std::string as_records(const std::vector<Row>& rows) {
  std::string out;
  for (std::size_t r = 1; r < rows.size(); ++r) {
    if (r > 1) out += '\n';
    for (std::size_t c = 0; c < rows[r].size(); ++c)
      out += fmt::format("{}{}{}\n", c < rows[0].size() ? rows[0][c] : "",
                         c < rows[0].size() && !rows[0][c].empty() ? ": " : "", rows[r][c]);
  }
  return out;
}

}  // namespace

std::size_t character_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return std::min(length, text.size());
}

int cells_of_character(std::string_view character) {
  const auto value = code_point(character);
  if (value < 0x80) return value < 0x20 ? 0 : 1;
  const int width = ::wcwidth(static_cast<wchar_t>(value));
  return width < 0 ? 1 : width;
}

int cells_of(std::string_view text) {
  int cells = 0;
  while (!text.empty()) {
    const auto length = character_length(text);
    cells += cells_of_character(text.substr(0, length));
    text.remove_prefix(length);
  }
  return cells;
}

std::string table_text(const std::vector<std::string>& lines, int columns, bool colour) {
  std::vector<Row> rows;
  for (const auto& line : lines) rows.push_back(cells_of_row(line));
  std::vector<bool> right;
  if (rows.size() > 1 && is_divider(rows[1])) {
    for (const auto& cell : rows[1]) right.push_back(cell.ends_with(':') && !cell.starts_with(':'));
    rows.erase(rows.begin() + 1);
  } else {
    return join(lines, "\n") + "\n";  // bars that make no table
  }
  std::vector<int> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], cells_of(row[c]));
  }
  right.resize(widths.size());
  int total = 2 * (static_cast<int>(widths.size()) - 1);
  for (const int width : widths) total += width;
  if (columns > 0 && total > columns && rows.size() > 1) return as_records(rows);

  std::string out;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t c = 0; c < rows[r].size(); ++c)
      line += (c > 0 ? "  " : "") + padded(rows[r][c], widths[c], right[c]);
    while (line.ends_with(' ')) line.pop_back();
    out += r == 0 && colour ? "\x1b[1m" + line + "\x1b[22m\n" : line + "\n";
    if (r > 0) continue;
    std::string rule;
    for (int i = 0; i < total; ++i) rule += "─";
    out += rule + "\n";
  }
  return out;
}

}  // namespace carapace::app

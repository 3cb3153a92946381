// How wide text is on a terminal, and tables that fit one. Pure but for the locale; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace carapace::app {

// Length in bytes of the character that begins here; at least 1.
std::size_t character_length(std::string_view text);
int cells_of_character(std::string_view character);
int cells_of(std::string_view text);

// Markdown rows (`| a | b |`, the second one of dashes) as aligned columns; one line for each cell
// where they do not fit. `columns` 0: any width.
std::string table_text(const std::vector<std::string>& rows, int columns, bool colour);

}  // namespace carapace::app

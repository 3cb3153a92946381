// What the ancestor's JSON5 reader (npm json5, version 2) says about a text, word for word: clients
// of protocol 3 were shown it and some match on it. For the wire only; people read the sentences of
// json5.h. Pure; any thread.
//
// Facts: positions count from line 1 and column 0, a column is a UTF-16 unit, only \n begins a
// line; the position is that of the character that was read last, and reading the end counts as
// one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace carapace::config {

// "SyntaxError: JSON5: invalid character '{' at 1:2"; nullopt when that reader takes the text.
std::optional<std::string> json5_wire_text(std::string_view text);

}  // namespace carapace::config

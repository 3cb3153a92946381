// What verbs print: results to standard output, everything else to standard error; colours only on
// a terminal and never with NO_COLOR. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace carapace::app {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

bool use_colour(int descriptor, bool no_color_set);
void print_line(std::string_view text);   // standard output
void print_error(std::string_view text);  // "carapace: …" on standard error
// Prints it and answers kExitFailed; `as_json`: also as one JSON value on standard output.
int report(const Error& error, bool as_json = false);

}  // namespace carapace::app

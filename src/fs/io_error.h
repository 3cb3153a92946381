// System call failures as sentences that say what to do. Used by everything in fs/ and by whoever
// else opens a file itself. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace carapace::fs {

// "cannot <action> <path>: <cause>. <what to do>." Full disk and quota are `unavailable`,
// permission and read-only file systems `forbidden`, a missing path `not_found`, a wrong kind of
// file `invalid_request`, everything else `internal`.
Error io_error(int errno_value, std::string_view action, std::string_view path);
std::unexpected<Error> io_failure(int errno_value, std::string_view action, std::string_view path);

// The folder part of a path: "." without a slash, "/" for what lies in the root.
std::string folder_of(std::string_view path);
// The last part of a path.
std::string name_of(std::string_view path);

}  // namespace carapace::fs

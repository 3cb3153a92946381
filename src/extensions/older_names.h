// Older spellings of configuration keys that name a vendor, as rows for the configuration's Schema:
// channels and providers that stood at the top of the file. Made once out of the rows of both; any
// thread.
#pragma once

#include <span>

#include "config/read/moves.h"

namespace carapace::extensions {

std::span<const config::MoveRow> older_names();

}  // namespace carapace::extensions

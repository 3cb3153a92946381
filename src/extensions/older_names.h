// Older spellings of configuration keys that name a vendor, as rows for the configuration's Schema:
// channels that stood at the top of the file, and what else was said about channels elsewhere. (A
// key that only has another name today says so in its own row, FieldRow::same_as.) Made once; any
// thread.
#pragma once

#include <span>

#include "config/read/moves.h"

namespace carapace::extensions {

std::span<const config::MoveRow> older_names();

}  // namespace carapace::extensions

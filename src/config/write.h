// Changing one key of the configuration file: locked, checked, written whole or not at all. Blocks
// on the disk: for commands, and through `offload` for the gateway.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"
#include "config/schema.h"

namespace carapace::config {

// Sets the value and keeps everything else in the file, comments too; creates the file (0600) when
// it is missing. A file that does not parse is not touched, and neither is one that would have an
// error that it had not before. The answer is what the checker says about this key (warnings only).
Result<std::vector<Issue>> set_in_file(const std::string& file, const KeyPath& path,
                                       const json::value& value, const Schema& schema);

// What somebody typed behind a key, as a value: JSON5 where it is some and the row wants no text,
// else the text itself; for lists of texts also `a,b`.
json::value typed_value(std::string_view typed, const FieldRow* row);

}  // namespace carapace::config

// What somebody typed behind a key, as a value. Pure; any thread.
#pragma once

#include <string_view>

#include "base/field_row.h"
#include "base/json_fwd.h"

namespace carapace::config {

// JSON5 where it is some and the row wants no text, else the text itself; for lists of texts also
// `a,b`. A key without a row takes what JSON5 makes of it.
json::value typed_value(std::string_view typed, const FieldRow* row);

}  // namespace carapace::config

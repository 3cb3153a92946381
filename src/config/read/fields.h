// The keys that configure reading itself: variables, the name of a schema, what programs leave in
// the file for themselves.
#pragma once

#include <span>

#include "base/field_row.h"

namespace carapace::config {

std::span<const FieldRow> reading_fields();

}  // namespace carapace::config

// The keys of built-in tools.
#pragma once

#include <span>

#include "base/field_row.h"

namespace carapace::tools {

std::span<const FieldRow> fields();

}  // namespace carapace::tools

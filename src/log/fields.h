// The keys of what is logged and where to.
#pragma once

#include <span>

#include "base/field_row.h"

namespace carapace::log {

std::span<const FieldRow> fields();

}  // namespace carapace::log

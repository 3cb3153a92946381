// The keys of spending caps.
#pragma once

#include <span>

#include "base/field_row.h"

namespace carapace::ledger {

std::span<const FieldRow> fields();

}  // namespace carapace::ledger

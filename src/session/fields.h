// The keys of sessions.
#pragma once

#include <span>

#include "base/field_row.h"

namespace carapace::session {

std::span<const FieldRow> fields();

}  // namespace carapace::session

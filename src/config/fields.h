// The rows of keys that belong to no module that could hold them: the gateway's face, logging,
// agents, models, sessions. Rows of extensions and tools stand beside their code and are handed to
// the Schema as well.
#pragma once

#include <span>

#include "base/field_row.h"

namespace carapace::config {

std::span<const FieldRow> builtin_fields();

}  // namespace carapace::config

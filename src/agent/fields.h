// The keys of turns: which model, how long, how often.
#pragma once

#include <span>

#include "base/field_row.h"

namespace carapace::agent {

std::span<const FieldRow> fields();

}  // namespace carapace::agent

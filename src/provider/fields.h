// The keys of model providers: where they are, what opens them, what they offer.
#pragma once

#include <span>

#include "base/field_row.h"

namespace carapace::provider {

std::span<const FieldRow> fields();

}  // namespace carapace::provider

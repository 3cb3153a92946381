// The keys of the gateway's face: where it listens, who may connect, what it serves.
#pragma once

#include <span>

#include "base/field_row.h"

namespace carapace::gateway {

std::span<const FieldRow> fields();

}  // namespace carapace::gateway

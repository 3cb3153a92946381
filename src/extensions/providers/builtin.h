// The providers that are compiled in, as rows in the order of builtin.def. Read by app/, which
// hands them to the catalogue. A provider is one line there and one row
// `carapace::providers::<name>_spec`.
#pragma once

#include <span>

#include "provider/spec.h"

namespace carapace::providers {

std::span<const provider::Spec* const> builtin_providers();

}  // namespace carapace::providers

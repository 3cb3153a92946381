// All rows of the house put together: the one schema that every reader and writer of configuration
// uses. Made at the first call, immutable afterwards; any thread.
#pragma once

#include "config/schema.h"

namespace carapace::app {

const config::Schema& schema();

}  // namespace carapace::app

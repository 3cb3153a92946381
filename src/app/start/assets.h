// The browser app's files, compiled in, as the gateway serves them. Empty in a build without the
// browser app.
#pragma once

#include <span>

#include "gateway/settings.h"

namespace carapace::app {

std::span<const gateway::Asset> browser_assets();

}  // namespace carapace::app

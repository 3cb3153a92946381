// `meta.lastTouchedVersion` and `meta.lastTouchedAt`: who wrote the file last. Programs of this
// protocol keep them, so they are renewed where they stand; a file without them gets none, since
// nobody asked for a line in it. Pure. Inside config/write/ only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json_fwd.h"

namespace carapace::config {

std::string stamped(std::string text, std::string_view version, std::int64_t now_ms);
// A sentence when the file says that a newer version of this program wrote it. Versions of other
// programs (they count in years) say nothing.
std::optional<std::string> newer_version_warning(const json::value& tree, std::string_view version);

}  // namespace carapace::config

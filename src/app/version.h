// The version of this program; CMake says it once.
#pragma once

namespace carapace::app {
#ifndef CARAPACE_VERSION
#error "CARAPACE_VERSION comes from CMake"
#endif
inline constexpr const char* kVersion = CARAPACE_VERSION;
}  // namespace carapace::app

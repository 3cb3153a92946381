// A file whose bytes are compiled into the binary. Views into constant storage.
#pragma once

#include <string_view>

namespace carapace {

struct Asset {
  std::string_view path;  // relative, '/' separated
  std::string_view bytes;
  std::string_view hash;  // first 16 hex digits of its SHA-256, for ETags
};

}  // namespace carapace

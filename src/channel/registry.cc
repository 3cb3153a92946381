#include "channel/registry.h"

namespace carapace::channel {

const Spec* find(std::span<const Spec* const> rows, std::string_view id) {
  for (const auto* row : rows)
    if (row->id == id) return row;
  return nullptr;
}

}  // namespace carapace::channel

#include "extensions/channels/names.h"

#include <algorithm>
#include <vector>

#include "extensions/channels/builtin.h"

namespace carapace::channels {
namespace {

constexpr std::string_view kInTheField[]{"telegram", "whatsapp", "discord", "slack",      "signal",
                                         "imessage", "msteams",  "matrix",  "googlechat", "nostr"};

}  // namespace

std::span<const std::string_view> known_names() {
  static const auto kKnown = [] {
    std::vector<std::string_view> names;
    for (const auto* row : builtin_channels()) names.push_back(row->id);
    for (const auto name : kInTheField)
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    return names;
  }();
  return kKnown;
}

}  // namespace carapace::channels

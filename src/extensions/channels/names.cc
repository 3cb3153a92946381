#include "extensions/channels/names.h"

#include <array>

namespace carapace::channels {

std::span<const std::string_view> names_in_the_field() {
  static constexpr std::array<std::string_view, 10> kNames{
      "telegram", "whatsapp", "discord", "slack",      "signal",
      "imessage", "msteams",  "matrix",  "googlechat", "nostr"};
  return kNames;
}

}  // namespace carapace::channels

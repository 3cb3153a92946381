#include "extensions/channels/builtin.h"

#include <array>

namespace carapace::channels {

#define CARAPACE_CHANNEL(name) extern const channel::Spec name##_spec;
#include "extensions/channels/builtin.def"
#undef CARAPACE_CHANNEL

namespace {
#define CARAPACE_CHANNEL(name) &name##_spec,
constexpr std::array kRows{
#include "extensions/channels/builtin.def"
};
#undef CARAPACE_CHANNEL
}  // namespace

std::span<const channel::Spec* const> builtin_channels() { return kRows; }

}  // namespace carapace::channels

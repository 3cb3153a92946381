#include "extensions/providers/builtin.h"

#include <array>

namespace carapace::providers {

#define CARAPACE_PROVIDER(name) extern const provider::Spec name##_spec;
#include "extensions/providers/builtin.def"
#undef CARAPACE_PROVIDER

namespace {
#define CARAPACE_PROVIDER(name) &name##_spec,
constexpr std::array kProviders{
#include "extensions/providers/builtin.def"
};
#undef CARAPACE_PROVIDER
}  // namespace

std::span<const provider::Spec* const> builtin_providers() { return kProviders; }

}  // namespace carapace::providers

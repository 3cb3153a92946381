#include "extensions/tools/builtin.h"

#include <array>

namespace carapace::tools {

#define CARAPACE_TOOL(name) extern const tool::Spec name##_spec;
#include "extensions/tools/builtin.def"
#undef CARAPACE_TOOL

namespace {
#define CARAPACE_TOOL(name) &name##_spec,
constexpr std::array kRows{
#include "extensions/tools/builtin.def"
};
#undef CARAPACE_TOOL
}  // namespace

std::span<const tool::Spec* const> builtin_tools() { return kRows; }

}  // namespace carapace::tools

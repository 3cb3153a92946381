#include <array>

#include "app/doctor/check.h"

namespace carapace::doctor {

#define CARAPACE_CHECK_ROW(name) extern const Check name##_check;
#include "app/doctor/checks.def"
#undef CARAPACE_CHECK_ROW

namespace {
#define CARAPACE_CHECK_ROW(name) &name##_check,
constexpr std::array kRows{
#include "app/doctor/checks.def"
};
#undef CARAPACE_CHECK_ROW
}  // namespace

std::span<const Check* const> all_checks() { return kRows; }

}  // namespace carapace::doctor

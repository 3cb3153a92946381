// The rows of `carapace doctor`: one a subject, each in a file of its own; checks.def lists them in
// the order in which they are shown.
#pragma once

#include <span>
#include <string_view>

#include "app/doctor/finding.h"
#include "app/doctor/ground.h"

namespace carapace::doctor {

struct Check {
  std::string_view id;
  std::string_view title;
  Findings (*run)(const Ground& ground);
};

std::span<const Check* const> all_checks();

}  // namespace carapace::doctor

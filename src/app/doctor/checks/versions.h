// Which versions of what are at work here, for the head of the report.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/doctor/ground.h"

namespace carapace::doctor {

std::vector<std::pair<std::string, std::string>> known_versions(const Ground& ground);

}  // namespace carapace::doctor

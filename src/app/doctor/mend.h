// What `carapace doctor --fix` does. Only what is safe, and it says what it did. A configuration is
// never rolled back without a yes.
#pragma once

#include <functional>
#include <string>

#include "app/doctor/ground.h"
#include "app/doctor/report.h"

namespace carapace::doctor {

// A question to the owner; false: no.
using Ask = std::function<bool(const std::string& question)>;

// Mends what the findings of `report` allow, and puts down in it what was done and what was not.
void mend(Report& report, const Ground& ground, const Ask& ask);

}  // namespace carapace::doctor

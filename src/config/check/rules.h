// What is wrong between keys, which no row can see alone: two agents in one folder, a profile
// without an address, the name of something that is not there. Facts of infrastructure
// specification B.1 ("Validation"). Warnings: a file of another program is read as it is. Inside
// config/check/ only. Pure.
#pragma once

#include <vector>

#include "base/json_fwd.h"
#include "config/schema.h"

namespace carapace::config {

void check_rules(const json::value& tree, const Schema& schema, std::vector<Issue>& issues);

}  // namespace carapace::config

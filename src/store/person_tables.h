// The person-data rows of every table (domain/person_data.h), and of the folders of the state
// directory.
#pragma once

#include <span>

#include "domain/person_data.h"

namespace carapace::store {

std::span<const PersonDataRow> person_data_rows();

}  // namespace carapace::store

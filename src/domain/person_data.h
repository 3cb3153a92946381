// Whose data a table or folder holds, and how it is exported and erased. Every table and every
// folder in the state directory has one row; a test fails without. Export, erase, retention and
// backup loop over them.
#pragma once

#include <string_view>

namespace carapace {

struct PersonDataRow {
  std::string_view
      place;  // table name, or folder/file below the state directory with a trailing '/'
  std::string_view owner;    // column that names the principal; "-" when it holds no person's data
  std::string_view through;  // table.column through which the owner is found; empty: directly
  std::string_view holds;    // what, in a few words
  std::string_view erase;    // delete | none | expire
};

}  // namespace carapace

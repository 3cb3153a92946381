// A value that a reference of the file gives already keeps the reference. Pure. Inside
// config/write/ only.
#pragma once

#include "base/json_fwd.h"

namespace carapace::config {

// Puts the text of `old` (references as written) in the place of each text of `sent` that is what
// the reference there stands for, by `filled` (the same tree with references filled in). Items of a
// list are compared with the one at their place, and with those that are the same in everything.
void keep_references(json::value& sent, const json::value& old, const json::value& filled);

}  // namespace carapace::config

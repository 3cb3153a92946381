// Keys that a variable of the environment can say as well, under this program's name for it and
// those of earlier ones. One list for the start that reads them and for `config explain` that tells
// of them. Constant data; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/paths.h"

namespace carapace::config {

struct Override {
  std::string_view key;
  std::string_view rest;   // of the name, behind each of `environment_prefixes()`
  bool over_file = false;  // also when the file sets the key; else only when it does not
};

const Override* override_of(std::string_view key);          // nullptr when there is none
const Override* override_named(std::string_view variable);  // for which a variable speaks
std::vector<std::string> names_of(const Override& row);

// The value of the variable that speaks for the key; nullopt when none is set.
std::optional<std::string> spoken_for(std::string_view key, const Environment& environment);

}  // namespace carapace::config

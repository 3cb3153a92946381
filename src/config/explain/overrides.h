// Keys that a variable of the environment can say as well, under this program's name for it and
// those of its ancestors. One list for the start that reads them and for `config explain` that
// tells of them. Constant data; any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/paths.h"

namespace carapace::config {

struct Override {
  std::string_view key;
  std::span<const std::string_view> names;  // the first one that is set counts
  bool over_file = false;  // also when the file sets the key; else only when it does not
};

std::span<const Override> overrides();
const Override* override_of(std::string_view key);  // nullptr when there is none

struct Variable {
  std::string name;
  std::string value;
};
// The variable that speaks for the key; nullopt when none is set.
std::optional<Variable> variable_for(std::string_view key, const Environment& environment);

}  // namespace carapace::config

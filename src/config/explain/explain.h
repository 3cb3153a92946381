// What there is to know about one key: what it is for, the value in force without its secret, and
// where that value comes from. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/field_row.h"
#include "base/json_fwd.h"
#include "config/config.h"

namespace carapace::config {

enum class Origin : std::uint8_t {
  unset,        // nobody says anything
  fallback,     // the default of the row
  file,         // the main file: `source`
  include,      // an included file: `source`
  environment,  // a variable that speaks for the key: `variable`
};
std::string_view name_of(Origin origin);
std::string_view name_of(Reload reload);  // "hot"

struct Reference {  // `${NAME}` in the value
  std::string name;
  enum class From : std::uint8_t { process, env_section, missing };
  From from = From::missing;
  bool operator==(const Reference&) const = default;
};

struct Explanation {
  std::string key;
  const FieldRow* row = nullptr;  // nullptr: an object that holds keys, or unknown
  bool known = false;
  std::optional<std::string> near = std::nullopt;  // of an unknown key: what may have been meant
  bool secret = false;
  std::string value = {};  // in force, masked, as JSON; empty when there is none
  Origin origin = Origin::unset;
  Source source = {};
  std::string variable = {};                // for Origin::environment
  std::vector<Reference> references = {};   // in the value as the file has it
  std::vector<std::string> variables = {};  // that could speak for the key
  std::string today = {};                   // what an older spelling is read as
  std::vector<std::string> keys = {};       // that may stand directly below it; "<name>": any
};

// What a key of an older spelling that the file has is called today; any other key as it is.
KeyPath name_of_today(const KeyPath& key, const Document& document);
// The same of any file that may have the key.
KeyPath name_of_today(const KeyPath& key, const Schema& schema);

// `spoken` is what a module knows of variables for the key beyond `overrides()` (the keys of model
// providers): the first that is set counts, and only where no file says anything.
Explanation explain(const KeyPath& key, const Inspection& found, const Schema& schema,
                    const Environment& environment, const std::vector<std::string>& spoken = {});

// Lines for people, without the last line break.
std::string to_text(const Explanation& explanation);
json::value to_json(const Explanation& explanation);

}  // namespace carapace::config

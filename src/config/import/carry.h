// What of another program's configuration comes over, and as what: each key as it is, under its
// name of today, kept though nothing here uses it yet, kept though nobody knows it, or left out
// because it is not valid here. The answer is a text for our file: that of their file with its
// comments, changed where keys moved, with what it included put in. Reads their files; writes
// nothing.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "config/import/find.h"
#include "config/paths.h"
#include "config/read/document.h"
#include "config/schema.h"

namespace carapace::config {

struct CarriedKey {
  std::string path;
  std::string value;  // as JSON on one line, shortened; secrets masked
};
struct MovedKey {
  std::string from;
  std::string to;
};
struct LeftOutKey {
  std::string path;
  std::string why;
};

struct Carried {
  FoundConfiguration from;
  std::vector<std::string> included = {};  // files that were put in

  std::vector<CarriedKey> as_it_is = {};
  std::vector<MovedKey> moved = {};
  std::vector<CarriedKey> planned = {};  // checked and kept; this version does not use them yet
  std::vector<CarriedKey> unknown = {};  // kept as they are
  std::vector<LeftOutKey> left_out = {};
  std::vector<std::string> variables = {};   // that are asked for and not set now
  std::vector<std::string> old_places = {};  // keys whose value still names the old folder

  std::string text = {};   // for our file; holds secrets
  std::string patch = {};  // the same as JSON, to be merged into a file; holds secrets
};

// invalid_request with file, line and column when their file cannot be read.
Result<Carried> carry_over(const FoundConfiguration& from, const Schema& schema,
                           const Environment& environment);

// Lists and a summary for people, without the last line break.
std::string to_text(const Carried& carried);
json::value to_json(const Carried& carried);

}  // namespace carapace::config

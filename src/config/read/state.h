// What a Config holds. Inside config/ only; base/json.h comes before it.
#pragma once

#include "base/json_fwd.h"
#include "config/config.h"

namespace carapace::config {

struct Config::State {
  const Schema* schema = nullptr;
  Environment environment;
  Document document;
  json::value tree = json::object();
  std::vector<Issue> warnings;
  std::vector<Issue> legacy;
  std::vector<Moved> moved;
};

// Where the value of a path of today stands, also when the file uses an older spelling; else the
// nearest place around it.
Source source_in(const Document& document, const KeyPath& path, std::span<const Moved> moved);

}  // namespace carapace::config

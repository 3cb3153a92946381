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
};

}  // namespace carapace::config

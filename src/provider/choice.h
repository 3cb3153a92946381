// Which model answers when nobody names one, and why. Value.
#pragma once

#include <string>

#include "domain/model_ref.h"

namespace carapace::provider {

struct Choice {
  ModelRef model;
  bool offline = false;
  std::string reason;  // one sentence for status and log
};

}  // namespace carapace::provider

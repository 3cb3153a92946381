// Which model answers when nobody names one, and why. Value.
#pragma once

#include <string>

#include "domain/model_ref.h"

namespace carapace::provider {

struct Choice {
  ModelRef model;
  bool offline = false;
  std::string reason;    // one sentence for status and log
  bool callable = true;  // false: it was asked for, and what is missing stands in the reason
};

}  // namespace carapace::provider

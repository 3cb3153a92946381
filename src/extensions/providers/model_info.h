// What a wire asks its settings.
#pragma once

#include <algorithm>
#include <string_view>

#include "provider/spec.h"

namespace carapace::providers {

// The model's entry in the settings; nullptr when nobody described it. Lives as long as the
// settings.
inline const provider::ModelInfo* model_info(const provider::Settings& settings,
                                             std::string_view model) {
  const auto found = std::ranges::find(settings.models, model, &provider::ModelInfo::id);
  return found == settings.models.end() ? nullptr : &*found;
}

}  // namespace carapace::providers

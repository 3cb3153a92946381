// The chat completions wire as a Provider, for every vendor of it. Rows name these two functions.
#pragma once

#include <memory>
#include <vector>

#include "provider/spec.h"

namespace carapace::providers {

std::unique_ptr<provider::Provider> make_chat(const provider::Settings& settings,
                                              const provider::Ports& ports);

// GET {base}/models.
Task<Result<std::vector<provider::ModelInfo>>> discover_chat(const provider::Settings& settings,
                                                             const provider::Ports& ports);

}  // namespace carapace::providers

// How many tokens a level of thinking may take where a model takes a number, and how long an answer
// may therefore become. Asked by the wire that sends the number and by the budget that pays for it.
// Pure; any thread.
#pragma once

#include <cstdint>

#include "provider/contract.h"
#include "provider/spec.h"

namespace carapace::provider {

std::int64_t thinking_budget(Thinking level);

// Tokens that one answer may take: a number of tokens for thinking is put on top of what the answer
// may take, as far as the model goes. `model` may be null: nobody described it.
std::int64_t longest_output(const Request& request, const ModelInfo* model);

}  // namespace carapace::provider

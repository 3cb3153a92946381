// Decorator: an answer that the provider paused is asked for again with what there is of it behind
// the conversation, until it is whole. Every part is a call of its own to what is below: retried
// and paid for as such. Loop thread only.
#pragma once

#include <memory>

#include "provider/contract.h"

namespace carapace::provider {

// `inner` outlives the decorator.
std::unique_ptr<Provider> make_resume(Provider& inner);

}  // namespace carapace::provider

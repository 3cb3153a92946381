// Decorator: no paid call without money for its worst case. Reserves before the call, settles what
// it really cost after it, also when it failed half way. Stands under everything that calls again,
// so that every attempt pays. Loop thread.
#pragma once

#include <memory>

#include "ledger/ledger.h"
#include "provider/contract.h"
#include "provider/spec.h"

namespace carapace::provider {

// `inner` and `ledger` outlive the decorator. `model` gives provider id and price.
// budget_exceeded: the cap of the day is in the way, also with the shortest answer that is of use;
// or there is a cap and nobody knows the price of the model, so that the cap could not hold.
std::unique_ptr<Provider> make_budget(Provider& inner, ledger::Ledger& ledger, ModelInfo model);

// The most that one call of this request may cost: a generous count of its tokens and the longest
// answer.
std::int64_t worst_case_micros(const Request& request, const ModelInfo& model);

// Tokens of a request by the four-characters rule (an image counts 2,000).
std::int64_t estimate_tokens(const Request& request);
std::int64_t estimate_tokens(const Message& message);

}  // namespace carapace::provider

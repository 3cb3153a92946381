// Decorator: the same call again when the world, not the request, was at fault. Waits as the
// provider asks, else twice as long each time; never after a delta reached the sink, never for
// refusals, and a stop ends a wait at once. (Provider specification A.0.) Loop thread only.
#pragma once

#include <cstdint>
#include <memory>

#include "base/random.h"
#include "provider/contract.h"

namespace carapace::provider {

struct RetryPolicy {
  int retries = 2;
  std::int64_t first_wait_ms = 500;
  std::int64_t longest_backoff_ms = 8'000;
  // A provider that asks for more than this is not waited for: the error goes to the caller with
  // its time.
  std::int64_t longest_asked_ms = 30'000;
};

// `inner` and `random` outlive the decorator.
std::unique_ptr<Provider> make_retry(Provider& inner, RetryPolicy policy, Random& random);

// The wait before retry number `attempt` (from 0), or -1: give up. `jitter` in [0,1) takes up to a
// quarter off.
std::int64_t retry_wait_ms(const Error& error, int attempt, const RetryPolicy& policy,
                           double jitter);

}  // namespace carapace::provider

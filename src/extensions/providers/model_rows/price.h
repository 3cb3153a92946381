// How rows write prices: US dollars per million tokens, as the vendors' public lists had them in
// November 2026. Vendors change them; configuration comes before them
// (`models.providers.<id>.models[].cost`). Constant data.
#pragma once

#include <cstdint>

#include "domain/usage.h"
#include "provider/spec.h"

namespace carapace::providers {

struct CachePrice {
  double read = -1;  // negative: as dear as plain input
  double write = -1;
};

constexpr Price usd(double input, double output, CachePrice cache = {}) {
  return {.input = input,
          .output = output,
          .cache_read = cache.read < 0 ? input : cache.read,
          .cache_write = cache.write < 0 ? input : cache.write,
          .known = true};
}

// Prompts of more than `tokens` cost `factor` as much.
constexpr Price above(std::int64_t tokens, double factor, Price price) {
  price.long_from = tokens;
  price.long_factor = factor;
  return price;
}

}  // namespace carapace::providers

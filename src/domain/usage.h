// Tokens and money. Prices are USD per million tokens; money is counted in millionths of a dollar
// ("micros"), in integers, so that caps add up. Values.
#pragma once

#include <cstdint>

namespace carapace {

struct Usage {
  std::int64_t input = 0;  // prompt tokens that were neither read from nor written to a cache
  std::int64_t output = 0;
  std::int64_t cache_read = 0;
  std::int64_t cache_write = 0;
  bool operator==(const Usage&) const = default;
  std::int64_t total() const { return input + output + cache_read + cache_write; }
  std::int64_t prompt() const { return input + cache_read + cache_write; }
};

struct Price {  // USD per million tokens
  double input = 0;
  double output = 0;
  double cache_read = 0;
  double cache_write = 0;
  bool known = false;  // false: nobody told us, which is not the same as free
  // Prompts of more tokens than this cost `long_factor` as much, answer included; 0: all cost the
  // same.
  std::int64_t long_from = 0;
  double long_factor = 1;

  double factor(std::int64_t prompt) const {
    return long_from > 0 && prompt > long_from ? long_factor : 1;
  }
};

// One dollar per million tokens is one micro a token.
inline std::int64_t cost_micros(const Usage& usage, const Price& price) {
  const double micros = static_cast<double>(usage.input) * price.input +
                        static_cast<double>(usage.output) * price.output +
                        static_cast<double>(usage.cache_read) * price.cache_read +
                        static_cast<double>(usage.cache_write) * price.cache_write;
  return static_cast<std::int64_t>(micros * price.factor(usage.prompt()) + 0.5);
}

}  // namespace carapace

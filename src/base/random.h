// Randomness is passed in, so that a recorded run can be replayed. `SystemRandom` reads the
// kernel's generator and is fit for secrets. Thread-safe.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace carapace {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::byte> out) = 0;
};

class SystemRandom final : public Random {
 public:
  void fill(std::span<std::byte> out) override;
};

std::string uuid_v4(Random& random);                        // lower-case 8-4-4-4-12
std::string random_hex(Random& random, std::size_t bytes);  // 2 characters a byte

}  // namespace carapace

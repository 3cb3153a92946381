// A deadline for cooperative work: asks a Stop to stop when the time is over, unless destroyed
// before. Loop thread only.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "async/stop.h"

namespace carapace {

class Loop;

class Deadline {
 public:
  Deadline(Loop& loop, Stop stop, std::chrono::milliseconds after, std::string reason);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace carapace

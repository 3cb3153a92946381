// Money rows: caps, reservations and usage. A reservation counts against the cap from the moment it
// is durable until it is settled; one that a crash left behind counts as spent. Repository; loop
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "async/task.h"
#include "base/error.h"
#include "domain/ids.h"
#include "domain/usage.h"

namespace carapace::store {

class Engine;

struct UsageRow {
  std::string day;  // UTC, 2026-01-27
  PrincipalId principal;
  RunId run;
  std::string session_key;
  std::string provider;
  std::string model;
  Usage usage;
  std::int64_t cost_micros = 0;
  bool priced = false;  // false: no price was known, so cost 0 does not mean free
  std::int64_t at_ms = 0;
};

struct DaySum {
  std::int64_t spent_micros = 0;
  std::int64_t reserved_micros = 0;
};

class Costs {
 public:
  explicit Costs(Engine& engine) : engine_(engine) {}

  // Checks and takes in one transaction: budget_exceeded when spent + reserved + amount > cap. cap
  // < 0: none.
  Task<Result<std::int64_t>> reserve(PrincipalId principal, std::string day,
                                     std::int64_t amount_micros, std::int64_t cap_micros, RunId run,
                                     std::int64_t now_ms);
  // Closes the reservation (0: there was none) and writes the usage row.
  Task<Status> settle(std::int64_t reservation, UsageRow row);
  Task<Result<DaySum>> day(PrincipalId principal, std::string day) const;

 private:
  Engine& engine_;
};

}  // namespace carapace::store

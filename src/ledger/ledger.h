// The spending ledger: a cap per person and UTC day that holds, also across crashes and with many
// runs at once. Before a paid call its worst case is reserved durably; afterwards the real cost
// replaces it. Prices come by value; the ledger calls no model. Loop thread; owned by app/.
#pragma once

#include <cstdint>
#include <vector>

#include "async/signal.h"
#include "async/task.h"
#include "async/task_group.h"
#include "base/clock.h"
#include "base/error.h"
#include "store/costs.h"

namespace carapace::ledger {

struct Settings {
  std::int64_t daily_cap_micros = -1;  // per person; negative: no cap
};

class Ledger {
 public:
  Ledger(store::Costs& costs, const Clock& clock, TaskGroup& group, Settings settings);

  // Durable when it returns. 0 when nothing has to be reserved (a call that costs nothing).
  // budget_exceeded says the cap, what is spent and what was asked for.
  Task<Result<std::int64_t>> reserve(PrincipalId principal, RunId run,
                                     std::int64_t worst_case_micros);
  // For calls that are made from now on.
  void apply(Settings settings) { settings_ = settings; }
  bool capped() const { return settings_.daily_cap_micros >= 0; }
  // What is left of today's cap, never negative; others may take it before the caller does.
  Task<Result<std::int64_t>> left(PrincipalId principal) const;
  // Queues the usage row (with principal, run, provider, model, usage, cost filled; day and time
  // are added here) and closes the reservation. Rows ride together a moment later: what a crash
  // loses of them is still covered by the reservation, which then counts as spent.
  void settle(std::int64_t reservation, store::UsageRow row);
  Task<void> flush();  // writes what is queued; for shutdown and tests

 private:
  struct Pending {
    std::int64_t reservation;
    store::UsageRow row;
  };
  Task<void> flush_soon();
  Task<void> write(Pending item);

  store::Costs& costs_;
  const Clock& clock_;
  TaskGroup& group_;
  Settings settings_;
  std::vector<Pending> pending_;
  bool scheduled_ = false;
  std::size_t writing_ = 0;
  Signal written_;
};

}  // namespace carapace::ledger

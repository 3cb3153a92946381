#include "ledger/ledger.h"

#include <chrono>
#include <utility>

#include "async/coro.h"
#include "base/time_text.h"
#include "log/log.h"

namespace carapace::ledger {
namespace {
constexpr log::Log kLog{"ledger"};
// Long enough that the turn's own last commit is not kept waiting behind a bookkeeping one.
constexpr std::chrono::milliseconds kFlushDelay{50};
}  // namespace

Ledger::Ledger(store::Costs& costs, const Clock& clock, TaskGroup& group, Settings settings)
    : costs_(costs), clock_(clock), group_(group), settings_(settings) {}

Task<Result<std::int64_t>> Ledger::reserve(PrincipalId principal, RunId run,
                                           std::int64_t worst_case_micros) {
  if (worst_case_micros <= 0) co_return 0;
  const auto now = clock_.wall_ms();
  co_return co_await costs_.reserve(std::move(principal), utc_day(now), worst_case_micros,
                                    settings_.daily_cap_micros, std::move(run), now);
}

Task<Result<std::int64_t>> Ledger::left(PrincipalId principal) const {
  CO_TRY(const auto sum, co_await costs_.day(std::move(principal), utc_day(clock_.wall_ms())));
  const auto cap = settings_.daily_cap_micros;
  if (sum.spent_micros >= cap || sum.reserved_micros >= cap - sum.spent_micros) co_return 0;
  co_return cap - sum.spent_micros - sum.reserved_micros;
}

void Ledger::settle(std::int64_t reservation, store::UsageRow row) {
  row.at_ms = clock_.wall_ms();
  row.day = utc_day(row.at_ms);
  pending_.push_back({reservation, std::move(row)});
  if (!std::exchange(scheduled_, true)) group_.spawn(flush_soon());
}

Task<void> Ledger::flush_soon() {
  co_await sleep_for(kFlushDelay);
  scheduled_ = false;
  co_await flush();
}

// All at once, so that the writer puts them into one commit.
Task<void> Ledger::flush() {
  for (auto& item : std::exchange(pending_, {})) {
    ++writing_;
    group_.spawn(write(std::move(item)));
  }
  while (writing_ > 0) co_await written_.wait();
}

Task<void> Ledger::write(Pending item) {
  const auto settled = co_await costs_.settle(item.reservation, std::move(item.row));
  if (!settled) kLog.error("a usage row could not be written", {{"cause", settled.error().detail}});
  if (--writing_ == 0) written_.notify_all();
}

}  // namespace carapace::ledger

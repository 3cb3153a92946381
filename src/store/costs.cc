#include "store/costs.h"

#include <limits>
#include <optional>
#include <utility>

#include "store/engine.h"

namespace carapace::store {
namespace {

// `caps.spent_micros` is the running sum of that day's usage rows, so that asking stays cheap at
// the ten thousandth call; both change in one transaction.
Result<DaySum> day_sum(Statements& db, const PrincipalId& principal, const std::string& day) {
  DaySum sum;
  TRY_STATUS(
      db.rows("SELECT (SELECT spent_micros FROM caps WHERE principal = ?1 AND day = ?2), "
              "(SELECT sum(amount_micros) FROM reservations WHERE principal = ?1 AND day = ?2)",
              {principal.value, day}, [&](const Row& row) {
                sum = {row.integer(0), row.integer(1)};
                return false;
              }));
  return sum;
}

// a + b without leaving the range of the type: both are sums of money, never negative.
std::int64_t add(std::int64_t a, std::int64_t b) {
  return a > std::numeric_limits<std::int64_t>::max() - b ? std::numeric_limits<std::int64_t>::max()
                                                          : a + b;
}

double dollars(std::int64_t micros) { return static_cast<double>(micros) / 1e6; }

Result<std::int64_t> take(Statements& db, const PrincipalId& principal, const std::string& day,
                          std::int64_t amount, std::int64_t cap, const RunId& run,
                          std::int64_t now_ms) {
  TRY(const auto sum, day_sum(db, principal, day));
  const auto used = add(sum.spent_micros, sum.reserved_micros);
  if (cap >= 0 && add(used, amount) > cap)
    return fail(Errc::budget_exceeded,
                "the daily cap of ${:.6g} (models.budget.dailyUsd): ${:.6g} is spent or reserved, "
                "and this call may cost up to ${:.6g}",
                dollars(cap), dollars(used), dollars(amount));
  TRY_STATUS(
      db.run("INSERT INTO caps(principal, day, cap_micros) VALUES (?1, ?2, ?3) "
             "ON CONFLICT(principal, day) DO UPDATE SET cap_micros = excluded.cap_micros",
             {principal.value, day, cap}));
  TRY_STATUS(
      db.run("INSERT INTO reservations(principal, day, amount_micros, run_id, created_ms) VALUES "
             "(?1, ?2, ?3, ?4, ?5)",
             {principal.value, day, amount, run.value, now_ms}));
  return db.last_row_id();
}

Status write_usage(Statements& db, std::int64_t reservation, UsageRow row) {
  if (reservation != 0) {
    // A call that passes midnight is paid by the day whose cap let it begin.
    TRY_STATUS(db.rows("SELECT day FROM reservations WHERE id = ?1", {reservation},
                       [&row](const Row& found) {
                         row.day = found.text(0);
                         return false;
                       }));
    TRY(const auto closed, db.run("DELETE FROM reservations WHERE id = ?1", {reservation}));
    if (closed != 1)
      return fail(Errc::conflict, "the reservation {} was settled before", reservation);
  }
  TRY_STATUS(
      db.run("INSERT INTO usage(day, principal, run_id, session_key, provider, model, input, "
             "output, cache_read, "
             "cache_write, cost_micros, priced, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
             "?10, ?11, ?12, ?13)",
             {row.day, row.principal.value, row.run.value, row.session_key, row.provider, row.model,
              row.usage.input, row.usage.output, row.usage.cache_read, row.usage.cache_write,
              row.cost_micros, std::int64_t{row.priced}, row.at_ms}));
  TRY_STATUS(
      db.run("INSERT INTO caps(principal, day, cap_micros, spent_micros) VALUES (?1, ?2, -1, ?3) "
             "ON CONFLICT(principal, day) DO UPDATE SET spent_micros = spent_micros + "
             "excluded.spent_micros",
             {row.principal.value, row.day, row.cost_micros}));
  return {};
}

}  // namespace

Task<Result<std::int64_t>> Costs::reserve(PrincipalId principal, std::string day,
                                          std::int64_t amount_micros, std::int64_t cap_micros,
                                          RunId run, std::int64_t now_ms) {
  return transact_for<std::int64_t>(engine_, [=](Statements& db) -> Result<std::int64_t> {
    if (amount_micros < 0) return fail(Errc::invalid_request, "a reservation cannot be negative");
    return take(db, principal, day, amount_micros, cap_micros, run, now_ms);
  });
}

Task<Status> Costs::settle(std::int64_t reservation, UsageRow row) {
  return engine_.transact([reservation, row = std::move(row)](Statements& db) -> Status {
    if (row.cost_micros < 0) return fail(Errc::invalid_request, "a cost cannot be negative");
    return write_usage(db, reservation, row);
  });
}

Task<Result<DaySum>> Costs::day(PrincipalId principal, std::string day) const {
  return query_for<DaySum>(engine_, [=](Statements& db) { return day_sum(db, principal, day); });
}

}  // namespace carapace::store

#include "store/approvals.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "store/engine.h"

namespace carapace::store {
namespace {

constexpr std::array<std::string_view, 4> kDecisions = {"allow-once", "allow-always", "deny",
                                                        "expired"};
constexpr std::string_view kColumns =
    "id, run_id, session_key, principal, tool, request, arguments_hash, created_ms, expires_ms, "
    "decision, resolved_by";

ApprovalRow read_approval(const Row& row) {
  return {row.text(0),
          RunId(row.text(1)),
          SessionKey(row.text(2)),
          PrincipalId(row.text(3)),
          row.text(4),
          row.text(5),
          row.text(6),
          row.integer(7),
          row.integer(8),
          row.text(9),
          row.text(10)};
}

// An answer counts once, only while the question is open and, but for the expiry itself, not too
// late.
Result<ApprovalRow> resolve_open(Statements& db, const std::string& id, const std::string& decision,
                                 const std::string& by, std::int64_t now_ms) {
  TRY(const auto changed,
      db.run("UPDATE approvals SET decision = ?2, resolved_by = ?3, resolved_ms = ?4 "
             "WHERE id = ?1 AND decision = '' AND (?2 = 'expired' OR expires_ms > ?4)",
             {id, decision, by, now_ms}));
  if (changed != 1) return fail(Errc::not_found, "no open question {}", id);
  static const auto kSql = fmt::format("SELECT {} FROM approvals WHERE id = ?1", kColumns);
  ApprovalRow answered;
  TRY_STATUS(db.rows(kSql, {id}, [&](const Row& row) {
    answered = read_approval(row);
    return false;
  }));
  return answered;
}

}  // namespace

Task<Status> Approvals::open(ApprovalRow row) {
  return engine_.transact([row = std::move(row)](Statements& db) -> Status {
    if (row.id.empty()) return fail(Errc::invalid_request, "a question needs an id");
    TRY_STATUS(db.run(
        "INSERT INTO approvals(id, run_id, session_key, principal, tool, request, arguments_hash, "
        "created_ms, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        {row.id, row.run.value, row.key.value, row.principal.value, row.tool, row.request,
         row.arguments_hash, row.created_ms, row.expires_ms}));
    return {};
  });
}

Task<Result<ApprovalRow>> Approvals::resolve(std::string id, std::string decision, std::string by,
                                             std::int64_t now_ms) {
  return transact_for<ApprovalRow>(engine_, [=](Statements& db) -> Result<ApprovalRow> {
    if (std::ranges::find(kDecisions, decision) == kDecisions.end())
      return fail(Errc::invalid_request, "unknown decision '{}'", decision);
    return resolve_open(db, id, decision, by, now_ms);
  });
}

Task<Result<std::vector<ApprovalRow>>> Approvals::pending() const {
  return query_for<std::vector<ApprovalRow>>(
      engine_, [](Statements& db) -> Result<std::vector<ApprovalRow>> {
        static const auto kSql = fmt::format(
            "SELECT {} FROM approvals WHERE decision = '' ORDER BY created_ms, rowid", kColumns);
        std::vector<ApprovalRow> open;
        TRY_STATUS(db.rows(kSql, {}, [&](const Row& row) {
          open.push_back(read_approval(row));
          return true;
        }));
        return open;
      });
}

}  // namespace carapace::store

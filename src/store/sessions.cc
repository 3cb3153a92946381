#include "store/sessions.h"

#include <utility>

#include "base/text.h"
#include "store/engine.h"
#include "store/rows/session.h"

namespace carapace::store {
namespace {

// Longer than any key, label or title: nothing can match, and SQLite refuses patterns without
// bound.
constexpr std::size_t kLongestSearch = 2'000;

Param text_or_null(const std::optional<std::string>& text) {
  if (text) return *text;
  return nullptr;
}

Param pattern_of(const std::string& search) {
  if (search.empty()) return nullptr;
  std::string pattern = "%";
  for (const char c : search) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + '%';
}

Result<std::vector<SessionRow>> list_sessions(Statements& db, const SessionFilter& filter) {
  // Two texts, so that either walks an index that is in the order of the answer.
  static const auto kSql = [](std::string_view whose) {
    return fmt::format(
        "SELECT {} FROM sessions WHERE {} AND (?2 IS NULL OR agent = ?2) AND (?3 IS NULL OR label "
        "= ?3) "
        "AND (?9 IS NULL OR spawned_by = ?9) AND updated_ms >= ?4 AND (?5 OR key <> 'global') AND "
        "(?6 OR key <> 'unknown') "
        "AND (?7 IS NULL OR label LIKE ?7 ESCAPE '\\' OR title LIKE ?7 ESCAPE '\\' OR key LIKE ?7 "
        "ESCAPE '\\' "
        "OR id LIKE ?7 ESCAPE '\\') ORDER BY updated_ms DESC, key DESC LIMIT ?8",
        kSessionColumns, whose);
  };
  static const auto kEverybody = kSql("?1 = ''");
  static const auto kOnePerson = kSql("principal = ?1");
  std::vector<SessionRow> sessions;
  if (filter.search.size() > kLongestSearch) return sessions;
  const auto agent = filter.agent ? Param(filter.agent->value) : Param(nullptr);
  TRY_STATUS(db.rows(filter.principal.empty() ? kEverybody : kOnePerson,
                     {filter.principal.value, agent, text_or_null(filter.label),
                      filter.updated_since_ms, std::int64_t{filter.include_global},
                      std::int64_t{filter.include_unknown}, pattern_of(filter.search),
                      filter.limit > 0 ? filter.limit : -1, text_or_null(filter.spawned_by)},
                     [&](const Row& row) {
                       sessions.push_back(read_session(row));
                       return true;
                     }));
  return sessions;
}

// The session of this person: not_found for somebody else's, as if it were not there; created when
// absent.
Result<SessionRow> own_or_create(Statements& db, const SessionKey& key,
                                 const PrincipalId& principal, const SessionId& fresh_id,
                                 std::int64_t now_ms) {
  TRY(auto found, find_session(db, key));
  if (found && !may_touch(principal, *found))
    return fail(Errc::not_found, "no session {}", key.value);
  if (found) return std::move(*found);
  return create_session(db, key, fresh_id, principal, now_ms);
}

Status refuse_used_label(Statements& db, const SessionRow& session, const std::string& label) {
  if (label.empty()) return {};
  bool used = false;
  TRY_STATUS(db.rows(
      "SELECT 1 FROM sessions WHERE agent = ?1 AND label = ?2 AND label <> '' AND key <> ?3",
      {session.agent.value, label, session.key.value}, [&](const Row&) {
        used = true;
        return false;
      }));
  if (used) return fail(Errc::conflict, "label already in use: {}", label);
  return {};
}

// What a person may set for a session.
struct Setting {
  std::string_view column;
  std::string SessionRow::* field;
  std::optional<std::string> SessionPatch::* change;
  bool outlives_reset;
};
constexpr Setting kSettings[] = {
    {"label", &SessionRow::label, &SessionPatch::label, true},
    {"model_override", &SessionRow::model_override, &SessionPatch::model_override, true},
    {"thinking_level", &SessionRow::thinking_level, &SessionPatch::thinking_level, true},
    {"verbose_level", &SessionRow::verbose_level, &SessionPatch::verbose_level, true},
    {"reasoning_level", &SessionRow::reasoning_level, &SessionPatch::reasoning_level, true},
    {"send_policy", &SessionRow::send_policy, &SessionPatch::send_policy, true},
    {"response_usage", &SessionRow::response_usage, &SessionPatch::response_usage, true},
    {"spawned_by", &SessionRow::spawned_by, &SessionPatch::spawned_by, true},
    {"elevated_level", &SessionRow::elevated_level, &SessionPatch::elevated_level, false},
    {"exec_host", &SessionRow::exec_host, &SessionPatch::exec_host, false},
    {"exec_security", &SessionRow::exec_security, &SessionPatch::exec_security, false},
    {"exec_ask", &SessionRow::exec_ask, &SessionPatch::exec_ask, false},
    {"exec_node", &SessionRow::exec_node, &SessionPatch::exec_node, false},
    {"group_activation", &SessionRow::group_activation, &SessionPatch::group_activation, false},
};

Status set(Statements& db, SessionRow& session, const Setting& setting, const std::string& value) {
  if (session.*setting.field == value) return {};
  session.*setting.field = value;
  TRY_STATUS(db.run(fmt::format("UPDATE sessions SET {} = ?2 WHERE key = ?1", setting.column),
                    {session.key.value, value}));
  return {};
}

Status refuse_other_parent(const SessionRow& session, const std::optional<std::string>& parent) {
  if (!parent || session.spawned_by.empty() || *parent == session.spawned_by) return {};
  return fail(Errc::conflict, "spawnedBy cannot be {} once set",
              parent->empty() ? "cleared" : "changed");
}

Result<SessionRow> patch_session(Statements& db, SessionRow session, const SessionPatch& patch,
                                 std::int64_t now_ms) {
  TRY_STATUS(refuse_other_parent(session, patch.spawned_by));
  if (patch.label) TRY_STATUS(refuse_used_label(db, session, *patch.label));
  for (const auto& setting : kSettings)
    if (const auto& change = patch.*setting.change) TRY_STATUS(set(db, session, setting, *change));
  session.updated_ms = now_ms;
  TRY_STATUS(
      db.run("UPDATE sessions SET updated_ms = ?2 WHERE key = ?1", {session.key.value, now_ms}));
  return session;
}

Result<SessionRow> reset_session(Statements& db, SessionRow session, const SessionId& fresh_id,
                                 std::int64_t now_ms, const std::string& reason) {
  if (session.id == fresh_id) return session;  // it was made a moment ago
  TRY_STATUS(keep_as_past(db, session, now_ms, reason));
  session.id = fresh_id;
  session.last_usage = {};
  session.last_provider.clear();
  session.created_ms = session.updated_ms = now_ms;
  session.aborted_last_run = false;
  session.title.clear();
  TRY_STATUS(db.run(
      "UPDATE sessions SET id = ?2, usage_input = 0, usage_output = 0, usage_cache_read = 0, "
      "usage_cache_write = 0, last_provider = '', created_ms = ?3, updated_ms = ?3, "
      "aborted_last_run = 0, title = '' WHERE key = ?1",
      {session.key.value, fresh_id.value, now_ms}));
  for (const auto& setting : kSettings)
    if (!setting.outlives_reset) TRY_STATUS(set(db, session, setting, ""));
  return session;
}

// The transcript, what came in for it and the journals of its runs. Usage rows stay: they are the
// accounts.
Status erase_transcript(Statements& db, const SessionId& id) {
  const auto runs = std::string(" WHERE run_id IN (SELECT id FROM runs WHERE session_id = ?1)");
  for (const auto* table : {"inbox", "journal", "approvals"})
    TRY_STATUS(db.run(fmt::format("DELETE FROM {}{}", table, runs), {id.value}));
  TRY_STATUS(db.run("DELETE FROM runs WHERE session_id = ?1", {id.value}));
  TRY_STATUS(db.run("DELETE FROM messages WHERE session_id = ?1", {id.value}));
  return {};
}

Result<bool> remove_session(Statements& db, const SessionKey& key, const PrincipalId& principal,
                            bool erase, std::int64_t now_ms) {
  TRY(const auto session, find_session(db, key));
  if (!session || !may_touch(principal, *session)) return false;
  bool active = false;
  TRY_STATUS(
      db.rows("SELECT 1 FROM runs WHERE session_key = ?1 AND state IN ('accepted', 'running')",
              {key.value}, [&](const Row&) {
                active = true;
                return false;
              }));
  // Somebody was promised an answer in it.
  if (active)
    return fail(Errc::conflict, "Session {} is still active; try again in a moment.", key.value);
  if (erase) {
    TRY_STATUS(erase_transcript(db, session->id));
  } else {
    TRY_STATUS(keep_as_past(db, *session, now_ms, "removed"));
  }
  TRY_STATUS(db.run("DELETE FROM sessions WHERE key = ?1", {key.value}));
  return true;
}

}  // namespace

Task<Result<std::optional<SessionRow>>> Sessions::find(SessionKey key,
                                                       PrincipalId principal) const {
  return query_for<std::optional<SessionRow>>(
      engine_, [=](Statements& db) -> Result<std::optional<SessionRow>> {
        TRY(auto found, find_session(db, key));
        if (found && !may_touch(principal, *found)) found.reset();
        return found;
      });
}

Task<Result<std::vector<SessionRow>>> Sessions::list(SessionFilter filter) const {
  return query_for<std::vector<SessionRow>>(
      engine_, [filter = std::move(filter)](Statements& db) { return list_sessions(db, filter); });
}

Task<Result<std::int64_t>> Sessions::count() const {
  return query_for<std::int64_t>(engine_, [](Statements& db) -> Result<std::int64_t> {
    std::int64_t count = 0;
    TRY_STATUS(db.rows("SELECT count(*) FROM sessions", {}, [&](const Row& row) {
      count = row.integer(0);
      return false;
    }));
    return count;
  });
}

Task<Result<SessionRow>> Sessions::patch(SessionKey key, PrincipalId principal, SessionPatch patch,
                                         SessionId fresh_id, std::int64_t now_ms) {
  return transact_for<SessionRow>(engine_, [=](Statements& db) -> Result<SessionRow> {
    TRY(auto session, own_or_create(db, key, principal, fresh_id, now_ms));
    return patch_session(db, std::move(session), patch, now_ms);
  });
}

Task<Result<SessionRow>> Sessions::reset(SessionKey key, PrincipalId principal, SessionId fresh_id,
                                         std::int64_t now_ms, std::string reason) {
  return transact_for<SessionRow>(engine_, [=](Statements& db) -> Result<SessionRow> {
    TRY(auto session, own_or_create(db, key, principal, fresh_id, now_ms));
    return reset_session(db, std::move(session), fresh_id, now_ms, reason);
  });
}

Task<Result<bool>> Sessions::remove(SessionKey key, PrincipalId principal, bool erase,
                                    std::int64_t now_ms) {
  return transact_for<bool>(
      engine_, [=](Statements& db) { return remove_session(db, key, principal, erase, now_ms); });
}

}  // namespace carapace::store

#include "store/rows/session.h"

#include <utility>

namespace carapace::store {

SessionRow read_session(const Row& row) {
  int column = 0;
  const auto text = [&] { return row.text(column++); };
  const auto integer = [&] { return row.integer(column++); };
  SessionRow out;
  out.key = SessionKey(text());
  out.id = SessionId(text());
  out.agent = AgentId(text());
  out.principal = PrincipalId(text());
  out.channel = text();
  out.label = text();
  out.model_override = text();
  out.thinking_level = text();
  out.verbose_level = text();
  out.reasoning_level = text();
  out.send_policy = text();
  out.response_usage = text();
  out.last_provider = text();
  out.last_model = text();
  out.last_usage.input = integer();
  out.last_usage.output = integer();
  out.last_usage.cache_read = integer();
  out.last_usage.cache_write = integer();
  out.context_tokens = integer();
  out.created_ms = integer();
  out.updated_ms = integer();
  out.aborted_last_run = integer() != 0;
  out.title = text();
  out.sender = text();
  out.elevated_level = text();
  out.exec_host = text();
  out.exec_security = text();
  out.exec_ask = text();
  out.exec_node = text();
  out.group_activation = text();
  out.spawned_by = text();
  return out;
}

Result<std::optional<SessionRow>> find_session(Statements& db, const SessionKey& key) {
  static const auto kFind = fmt::format("SELECT {} FROM sessions WHERE key = ?1", kSessionColumns);
  std::optional<SessionRow> found;
  TRY_STATUS(db.rows(kFind, {key.value}, [&](const Row& row) {
    found = read_session(row);
    return false;
  }));
  return found;
}

bool may_touch(const PrincipalId& principal, const SessionRow& session) {
  return principal.empty() || principal == session.principal;
}

Result<SessionRow> create_session(Statements& db, const SessionKey& key, const SessionId& id,
                                  const PrincipalId& principal, std::int64_t now_ms) {
  SessionRow session;
  session.key = key;
  session.id = id;
  if (const auto parts = parse_session_key(key.value)) session.agent = parts->agent;
  session.principal = principal;
  session.created_ms = session.updated_ms = now_ms;
  if (!principal.empty())
    TRY_STATUS(db.run("INSERT OR IGNORE INTO people(principal, created_ms) VALUES (?1, ?2)",
                      {principal.value, now_ms}));
  TRY_STATUS(
      db.run("INSERT INTO sessions(key, id, agent, principal, created_ms, updated_ms) VALUES (?1, "
             "?2, ?3, ?4, ?5, ?5)",
             {key.value, id.value, session.agent.value, principal.value, now_ms}));
  return session;
}

Status keep_as_past(Statements& db, const SessionRow& session, std::int64_t now_ms,
                    std::string reason) {
  TRY_STATUS(
      db.run("INSERT INTO past_sessions(id, key, agent, principal, label, title, created_ms, "
             "ended_ms, reason) "
             "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
             {session.id.value, session.key.value, session.agent.value, session.principal.value,
              session.label, session.title, session.created_ms, now_ms, std::move(reason)}));
  return {};
}

}  // namespace carapace::store

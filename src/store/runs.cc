#include "store/runs.h"

#include <utility>

#include "base/text.h"
#include "store/engine.h"
#include "store/rows/run.h"
#include "store/rows/session.h"

namespace carapace::store {
namespace {

constexpr std::size_t kTitleLength = 60;

std::string title_of(const Inbound& inbound) {
  const auto text = is_valid_utf8(inbound.text) ? inbound.text : sanitize_utf8(inbound.text);
  return ellipsize(collapse_space(text), kTitleLength);
}

Result<Accepted> repeat_of(Statements& db, RunRow run) {
  TRY(auto session, find_session(db, run.key));
  Accepted accepted{false, std::move(run), {}};
  if (session) {
    accepted.session = std::move(*session);
  } else {  // removed since then
    accepted.session.key = accepted.run.key;
    accepted.session.id = accepted.run.session;
    accepted.session.principal = accepted.run.principal;
  }
  return accepted;
}

Result<SessionRow> session_for(Statements& db, const Inbound& inbound, const SessionKey& key,
                               const SessionId& fresh_session, std::int64_t now_ms) {
  TRY(auto found, find_session(db, key));
  if (found && !may_touch(inbound.principal, *found))
    return fail(Errc::forbidden, "the session {} belongs to somebody else", key.value);
  if (!found) {
    TRY(found, create_session(db, key, fresh_session, inbound.principal, now_ms));
  }
  auto session = std::move(*found);
  session.updated_ms = now_ms;
  session.channel = inbound.channel;
  session.sender = inbound.sender;
  if (session.title.empty()) session.title = title_of(inbound);
  TRY_STATUS(db.run(
      "UPDATE sessions SET updated_ms = ?2, channel = ?3, sender = ?4, title = ?5 WHERE key = ?1",
      {key.value, now_ms, session.channel, session.sender, session.title}));
  return session;
}

Result<Accepted> accept_run(Statements& db, const Inbound& inbound, const SessionKey& key,
                            const SessionId& fresh_session, std::int64_t now_ms, bool begin_now) {
  TRY(auto same, find_run(db, inbound.run));
  if (same && !inbound.principal.empty() && same->principal != inbound.principal)
    return fail(Errc::forbidden, "the run id {} belongs to somebody else", inbound.run.value);
  if (!same) {
    TRY(same, find_repeat(db, inbound));
  }
  if (same) return repeat_of(db, std::move(*same));
  TRY(auto session, session_for(db, inbound, key, fresh_session, now_ms));
  RunRow run;
  run.id = inbound.run;
  run.key = key;
  run.session = session.id;
  run.raw_key = inbound.session_key;
  run.principal = inbound.principal.empty() ? session.principal : inbound.principal;
  run.accepted_ms = now_ms;
  run.inbound = inbound;
  TRY_STATUS(insert_run(db, run));
  if (begin_now) TRY_STATUS(move_to_transcript(db, run, now_ms));
  return Accepted{true, std::move(run), std::move(session)};
}

// The counters of the session, unless its key points to another transcript by now.
Status update_session(Statements& db, const RunRow& run, const Finish& finish) {
  TRY_STATUS(db.run(
      "UPDATE sessions SET updated_ms = ?2, aborted_last_run = ?3 WHERE id = ?1",
      {run.session.value, finish.ended_ms, std::int64_t{finish.state == RunState::aborted}}));
  if (!finish.answered) return {};
  const auto& answer = *finish.answered;
  if (finish.state != RunState::done) {
    TRY_STATUS(
        db.run("UPDATE sessions SET last_provider = ?2, last_model = ?3, context_tokens = ?4 "
               "WHERE id = ?1 AND last_provider = ''",
               {run.session.value, answer.provider, answer.model, finish.context_tokens}));
    return {};
  }
  TRY_STATUS(db.run(
      "UPDATE sessions SET last_provider = ?2, last_model = ?3, usage_input = ?4, usage_output = "
      "?5, "
      "usage_cache_read = ?6, usage_cache_write = ?7, "
      "context_tokens = CASE WHEN ?8 > 0 THEN ?8 ELSE context_tokens END WHERE id = ?1",
      {run.session.value, answer.provider, answer.model, answer.usage.input, answer.usage.output,
       answer.usage.cache_read, answer.usage.cache_write, finish.context_tokens}));
  return {};
}

Status finish_run(Statements& db, const Finish& finish) {
  TRY(auto run, require_open(db, finish.run));
  // What ends before it began was said all the same: its words come first in the transcript, once.
  if (run.state == RunState::accepted) TRY_STATUS(move_to_transcript(db, run, finish.ended_ms));
  TRY_STATUS(append_to_run(db, run, finish.messages, finish.journal));
  TRY_STATUS(close_run(db, finish));
  return update_session(db, run, finish);
}

Result<RunRow> begin_run(Statements& db, const RunId& id, std::int64_t now_ms) {
  TRY(auto run, require_open(db, id));
  if (run.state == RunState::accepted) TRY_STATUS(move_to_transcript(db, run, now_ms));
  return run;
}

Result<RunRow> require_begun(Statements& db, const RunId& id) {
  TRY(auto run, require_open(db, id));
  if (run.state == RunState::accepted)
    return fail(Errc::conflict, "run {} has not begun", id.value);
  return run;
}

}  // namespace

Task<Result<Accepted>> Runs::accept(Inbound inbound, SessionKey key, SessionId fresh_session,
                                    std::int64_t now_ms, bool begin_now) {
  return transact_for<Accepted>(engine_, [=](Statements& db) -> Result<Accepted> {
    if (inbound.run.empty() || key.empty() || fresh_session.empty())
      return fail(Errc::invalid_request,
                  "a message needs a run id, a session key and a session id");
    return accept_run(db, inbound, key, fresh_session, now_ms, begin_now);
  });
}

Task<Result<RunRow>> Runs::begin(RunId run, std::int64_t now_ms) {
  return transact_for<RunRow>(engine_, [=](Statements& db) { return begin_run(db, run, now_ms); });
}

Task<Status> Runs::append(RunId run, std::vector<Message> messages,
                          std::vector<JournalRow> journal) {
  return engine_.transact([run = std::move(run), messages = std::move(messages),
                           journal = std::move(journal)](Statements& db) -> Status {
    TRY(const auto row, require_begun(db, run));
    return append_to_run(db, row, messages, journal);
  });
}

Task<Status> Runs::finish(Finish finish) {
  return engine_.transact([finish = std::move(finish)](Statements& db) -> Status {
    if (finish.state == RunState::accepted || finish.state == RunState::running)
      return fail(Errc::invalid_request, "a run cannot finish as {}", to_text(finish.state));
    return finish_run(db, finish);
  });
}

Task<Result<std::optional<RunRow>>> Runs::find(RunId run) const {
  return query_for<std::optional<RunRow>>(engine_,
                                          [=](Statements& db) { return find_run(db, run); });
}

Task<Result<std::vector<RunRow>>> Runs::unfinished() const {
  return query_for<std::vector<RunRow>>(engine_, [](Statements& db) -> Result<std::vector<RunRow>> {
    static const auto kSql = fmt::format(
        "SELECT {} FROM {} WHERE r.state IN ('accepted', 'running') ORDER BY r.accepted_ms, "
        "r.rowid",
        kRunColumns, kRunTables);
    std::vector<RunRow> runs;
    TRY_STATUS(db.rows(kSql, {}, [&](const Row& row) {
      runs.push_back(read_run(row));
      return true;
    }));
    return runs;
  });
}

Task<Result<std::vector<JournalRow>>> Runs::journal(RunId run) const {
  return query_for<std::vector<JournalRow>>(
      engine_, [=](Statements& db) -> Result<std::vector<JournalRow>> {
        std::vector<JournalRow> rows;
        TRY_STATUS(
            db.rows("SELECT id, run_id, step, kind, body, at_ms, checksum FROM journal WHERE "
                    "run_id = ?1 ORDER BY step",
                    {run.value}, [&](const Row& row) {
                      rows.push_back(read_journal(row));
                      return true;
                    }));
        return rows;
      });
}

}  // namespace carapace::store

#include "store/rows/run.h"

#include <utility>

#include "log/log.h"
#include "store/rows/checksum.h"
#include "store/rows/inbound.h"
#include "store/rows/message.h"
#include "store/rows/session.h"

namespace carapace::store {
namespace {

constexpr log::Log kLog{"store"};
constexpr std::string_view kDamagedInbound =
    "[this message was damaged on the disk before it was read]";
constexpr std::string_view kDamagedJournal = R"({"damaged":true})";

RunState state_from(std::string_view text) {
  for (const auto state :
       {RunState::accepted, RunState::running, RunState::done, RunState::aborted, RunState::failed})
    if (to_text(state) == text) return state;
  return RunState::interrupted;
}

std::int64_t inbox_checksum(std::string_view run, std::string_view body) {
  return Checksum().add(run).add(body).value();
}

// A damaged row still is a message that somebody was promised an answer to.
Inbound read_inbound(const Row& row, const RunRow& run) {
  const auto body = row.text(11);
  if (inbox_checksum(run.id.value, body) == row.integer(13))
    if (auto inbound = inbound_from_text(body, row.text(12))) return std::move(*inbound);
  kLog.error("an inbox row is damaged on the disk", {{"run", run.id.value}});
  Inbound inbound;
  inbound.principal = run.principal;
  inbound.run = run.id;
  inbound.session_key = run.raw_key;
  inbound.label = {Integrity::untrusted, Confidentiality::personal};
  inbound.text = kDamagedInbound;
  return inbound;
}

Message message_of(const RunRow& run) {
  Message message;
  message.role = Role::user;
  const auto& inbound = run.inbound;
  if (!inbound.text.empty() || inbound.images.empty())
    message.blocks.emplace_back(TextBlock{inbound.text});
  for (const auto& image : inbound.images) message.blocks.emplace_back(image);
  message.at_ms = run.accepted_ms;
  message.label = inbound.label;
  message.principal = run.principal;
  message.run = run.id;
  return message;
}

std::int64_t journal_checksum(std::string_view run, std::int64_t step, std::string_view kind,
                              std::string_view body) {
  return Checksum().add(run).add(step).add(kind).add(body).value();
}

Status append_journal(Statements& db, const RunId& run, std::span<const JournalRow> rows) {
  if (rows.empty()) return {};
  std::int64_t last = 0;
  TRY_STATUS(
      db.rows("SELECT max(step) FROM journal WHERE run_id = ?1", {run.value}, [&](const Row& row) {
        last = row.integer(0);
        return false;
      }));
  for (const auto& row : rows) {
    last = row.step > 0 ? row.step : last + 1;
    TRY_STATUS(
        db.run("INSERT INTO journal(run_id, step, kind, body, at_ms, checksum) VALUES (?1, ?2, ?3, "
               "?4, ?5, ?6)",
               {run.value, last, row.kind, row.body, row.at_ms,
                journal_checksum(run.value, last, row.kind, row.body)}));
  }
  return {};
}

Result<std::optional<RunRow>> first_run(Statements& db, std::string_view sql,
                                        std::initializer_list<Param> params) {
  std::optional<RunRow> found;
  TRY_STATUS(db.rows(sql, params, [&](const Row& row) {
    found = read_run(row);
    return false;
  }));
  return found;
}

}  // namespace

std::string_view to_text(RunState state) {
  switch (state) {
    case RunState::accepted: return "accepted";
    case RunState::running: return "running";
    case RunState::done: return "done";
    case RunState::aborted: return "aborted";
    case RunState::failed: return "failed";
    case RunState::interrupted: return "interrupted";
  }
  return "interrupted";
}

RunRow read_run(const Row& row) {
  RunRow run;
  run.id = RunId(row.text(0));
  run.key = SessionKey(row.text(1));
  run.session = SessionId(row.text(2));
  run.raw_key = row.text(3);
  run.principal = PrincipalId(row.text(4));
  run.state = state_from(row.text(5));
  run.accepted_ms = row.integer(6);
  run.started_ms = row.integer(7);
  run.ended_ms = row.integer(8);
  run.error = row.text(9);
  run.stop_reason = row.text(10);
  run.inbound = read_inbound(row, run);
  return run;
}

Result<std::optional<RunRow>> find_run(Statements& db, const RunId& run) {
  static const auto kSql =
      fmt::format("SELECT {} FROM {} WHERE r.id = ?1", kRunColumns, kRunTables);
  return first_run(db, kSql, {run.value});
}

Result<std::optional<RunRow>> find_repeat(Statements& db, const Inbound& inbound) {
  if (inbound.dedupe_id.empty()) return std::nullopt;
  static const auto kSql =
      fmt::format("SELECT {} FROM {} WHERE i.channel = ?1 AND i.account = ?2 AND i.dedupe_id = ?3",
                  kRunColumns, kRunTables);
  return first_run(db, kSql, {inbound.channel, inbound.account, inbound.dedupe_id});
}

Result<RunRow> require_open(Statements& db, const RunId& run) {
  TRY(auto found, find_run(db, run));
  if (!found) return fail(Errc::not_found, "no run {}", run.value);
  if (found->state != RunState::accepted && found->state != RunState::running)
    return fail(Errc::conflict, "run {} is closed ({})", run.value, to_text(found->state));
  return std::move(*found);
}

Status insert_run(Statements& db, const RunRow& run) {
  TRY_STATUS(db.run(
      "INSERT INTO runs(id, session_key, session_id, raw_key, principal, state, accepted_ms) "
      "VALUES (?1, ?2, ?3, ?4, ?5, 'accepted', ?6)",
      {run.id.value, run.key.value, run.session.value, run.raw_key, run.principal.value,
       run.accepted_ms}));
  const auto text = inbound_to_text(run.inbound);
  const auto dedupe = run.inbound.dedupe_id.empty() ? Param(nullptr) : Param(run.inbound.dedupe_id);
  const auto images = text.images.empty() ? Param(nullptr) : Param(text.images);
  TRY_STATUS(
      db.run("INSERT INTO inbox(run_id, channel, account, dedupe_id, principal, body, images, "
             "accepted_ms, checksum) "
             "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
             {run.id.value, run.inbound.channel, run.inbound.account, dedupe, run.principal.value,
              text.body, images, run.accepted_ms, inbox_checksum(run.id.value, text.body)}));
  return {};
}

Status move_to_transcript(Statements& db, RunRow& run, std::int64_t now_ms) {
  TRY(const auto session, find_session(db, run.key));
  if (!session)
    return fail(Errc::not_found, "the session {} of run {} is gone", run.key.value, run.id.value);
  // The state is the guard: whoever loses a race moves nothing.
  TRY(const auto moved,
      db.run("UPDATE runs SET state = 'running', started_ms = ?2, session_id = ?3 "
             "WHERE id = ?1 AND state = 'accepted'",
             {run.id.value, now_ms, session->id.value}));
  if (moved != 1) return fail(Errc::conflict, "run {} has begun already", run.id.value);
  run.state = RunState::running;
  run.started_ms = now_ms;
  run.session = session->id;
  const auto message = message_of(run);
  TRY_STATUS(append_messages(db, run.session, {&message, 1}));
  return {};
}

Status append_to_run(Statements& db, const RunRow& run, std::vector<Message> messages,
                     std::span<const JournalRow> journal) {
  for (auto& message : messages) {
    message.run = run.id;
    message.principal = run.principal;
  }
  TRY_STATUS(append_messages(db, run.session, messages));
  return append_journal(db, run.id, journal);
}

Status close_run(Statements& db, const Finish& finish) {
  TRY(const auto closed,
      db.run("UPDATE runs SET state = ?2, ended_ms = ?3, error = ?4, stop_reason = ?5 "
             "WHERE id = ?1 AND state IN ('accepted', 'running')",
             {finish.run.value, std::string(to_text(finish.state)), finish.ended_ms, finish.error,
              finish.stop_reason}));
  if (closed != 1) return fail(Errc::conflict, "run {} is closed", finish.run.value);
  TRY_STATUS(db.run("UPDATE inbox SET images = NULL WHERE run_id = ?1 AND images IS NOT NULL",
                    {finish.run.value}));
  return {};
}

JournalRow read_journal(const Row& row) {
  JournalRow out{row.integer(0), RunId(row.text(1)), row.integer(2),
                 row.text(3),    row.text(4),        row.integer(5)};
  if (journal_checksum(out.run.value, out.step, out.kind, out.body) != row.integer(6)) {
    kLog.error("a journal row is damaged on the disk",
               {{"run", out.run.value}, {"step", fmt::to_string(out.step)}});
    out.body = kDamagedJournal;
  }
  return out;
}

}  // namespace carapace::store

// The schema, step by step. A step that was released is never edited: changes are new steps in the
// list at the end. Times are Unix milliseconds, money is millionths of a dollar, `checksum` is
// rows/checksum.h.
#include "store/sqlite/migrations.h"

namespace carapace::store {
namespace {

constexpr std::string_view kSchemaV1 = R"sql(
CREATE TABLE meta(
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE people(
  principal TEXT PRIMARY KEY,
  created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions(
  key TEXT PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  agent TEXT NOT NULL,
  principal TEXT NOT NULL,
  channel TEXT NOT NULL DEFAULT '',
  label TEXT NOT NULL DEFAULT '',
  model_override TEXT NOT NULL DEFAULT '',
  thinking_level TEXT NOT NULL DEFAULT '',
  verbose_level TEXT NOT NULL DEFAULT '',
  reasoning_level TEXT NOT NULL DEFAULT '',
  send_policy TEXT NOT NULL DEFAULT '',
  response_usage TEXT NOT NULL DEFAULT '',
  last_provider TEXT NOT NULL DEFAULT '',
  last_model TEXT NOT NULL DEFAULT '',
  usage_input INTEGER NOT NULL DEFAULT 0,
  usage_output INTEGER NOT NULL DEFAULT 0,
  usage_cache_read INTEGER NOT NULL DEFAULT 0,
  usage_cache_write INTEGER NOT NULL DEFAULT 0,
  context_tokens INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  aborted_last_run INTEGER NOT NULL DEFAULT 0,
  title TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX sessions_by_time ON sessions(updated_ms, key);
CREATE INDEX sessions_by_person ON sessions(principal, updated_ms, key);
CREATE UNIQUE INDEX sessions_by_label ON sessions(agent, label) WHERE label <> '';

CREATE TABLE past_sessions(
  id TEXT PRIMARY KEY,
  key TEXT NOT NULL,
  agent TEXT NOT NULL,
  principal TEXT NOT NULL,
  label TEXT NOT NULL,
  title TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  ended_ms INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX past_sessions_by_key ON past_sessions(key, ended_ms);

CREATE TABLE messages(
  session_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  role TEXT NOT NULL,
  body TEXT NOT NULL,
  integrity TEXT NOT NULL,
  confidentiality TEXT NOT NULL,
  principal TEXT NOT NULL,
  run_id TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  UNIQUE(session_id, seq)
) STRICT;

CREATE TABLE runs(
  id TEXT PRIMARY KEY,
  session_key TEXT NOT NULL,
  session_id TEXT NOT NULL,
  raw_key TEXT NOT NULL,
  principal TEXT NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('accepted', 'running', 'done', 'aborted', 'failed', 'interrupted')),
  accepted_ms INTEGER NOT NULL,
  started_ms INTEGER NOT NULL DEFAULT 0,
  ended_ms INTEGER NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT '',
  stop_reason TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX runs_open ON runs(session_key) WHERE state IN ('accepted', 'running');
CREATE INDEX runs_by_session ON runs(session_id);

CREATE TABLE inbox(
  run_id TEXT PRIMARY KEY,
  channel TEXT NOT NULL,
  account TEXT NOT NULL,
  dedupe_id TEXT,
  principal TEXT NOT NULL,
  body TEXT NOT NULL,
  images TEXT,
  accepted_ms INTEGER NOT NULL,
  checksum INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX inbox_by_dedupe ON inbox(channel, account, dedupe_id) WHERE dedupe_id IS NOT NULL;

CREATE TABLE journal(
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL,
  step INTEGER NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  UNIQUE(run_id, step)
) STRICT;

CREATE TABLE reservations(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  principal TEXT NOT NULL,
  day TEXT NOT NULL,
  amount_micros INTEGER NOT NULL,
  run_id TEXT NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX reservations_by_day ON reservations(principal, day, amount_micros);

CREATE TABLE usage(
  id INTEGER PRIMARY KEY,
  day TEXT NOT NULL,
  principal TEXT NOT NULL,
  run_id TEXT NOT NULL,
  session_key TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  input INTEGER NOT NULL,
  output INTEGER NOT NULL,
  cache_read INTEGER NOT NULL,
  cache_write INTEGER NOT NULL,
  cost_micros INTEGER NOT NULL,
  priced INTEGER NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX usage_by_day ON usage(principal, day);

CREATE TABLE caps(
  principal TEXT NOT NULL,
  day TEXT NOT NULL,
  cap_micros INTEGER NOT NULL,
  spent_micros INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(principal, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE approvals(
  id TEXT PRIMARY KEY,
  run_id TEXT NOT NULL,
  session_key TEXT NOT NULL,
  principal TEXT NOT NULL,
  tool TEXT NOT NULL,
  request TEXT NOT NULL,
  arguments_hash TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  decision TEXT NOT NULL DEFAULT '',
  resolved_by TEXT NOT NULL DEFAULT '',
  resolved_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX approvals_open ON approvals(created_ms) WHERE decision = '';
)sql";

// Who wrote last, and the settings of a session that concern running programs, groups and
// subagents: kept from the day that clients may set them.
constexpr std::string_view kSchemaV2 = R"sql(
ALTER TABLE sessions ADD COLUMN sender TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN elevated_level TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN exec_host TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN exec_security TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN exec_ask TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN exec_node TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN group_activation TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN spawned_by TEXT NOT NULL DEFAULT '';
)sql";

constexpr Migration kMigrations[] = {{1, kSchemaV1}, {2, kSchemaV2}};

}  // namespace

std::span<const Migration> known_migrations() { return kMigrations; }

}  // namespace carapace::store

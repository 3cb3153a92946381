// The steps of a run on the tables, each a part of somebody's transaction: the plain functions
// below the verbs of `Runs`. Run inside store closures.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "store/engine.h"
#include "store/runs.h"

namespace carapace::store {

// For `SELECT <these> FROM runs r LEFT JOIN inbox i ON i.run_id = r.id`: what `read_run` expects.
inline constexpr std::string_view kRunColumns =
    "r.id, r.session_key, r.session_id, r.raw_key, r.principal, r.state, r.accepted_ms, "
    "r.started_ms, r.ended_ms, "
    "r.error, r.stop_reason, i.body, i.images, i.checksum";
inline constexpr std::string_view kRunTables = "runs r LEFT JOIN inbox i ON i.run_id = r.id";

RunRow read_run(const Row& row);
Result<std::optional<RunRow>> find_run(Statements& db, const RunId& run);
// The run that took the message of this channel's id before; nullopt: it is new.
Result<std::optional<RunRow>> find_repeat(Statements& db, const Inbound& inbound);
// not_found, or conflict when it is closed.
Result<RunRow> require_open(Statements& db, const RunId& run);

Status insert_run(Statements& db, const RunRow& run);
// The inbox row becomes a message of the transcript that the key points to now, exactly once; `run`
// is brought up to date. not_found: the session is gone.
Status move_to_transcript(Statements& db, RunRow& run, std::int64_t now_ms);
// Messages and rows belong to the run, whatever their own fields say.
Status append_to_run(Statements& db, const RunRow& run, std::vector<Message> messages,
                     std::span<const JournalRow> journal);
// Closes the row and drops the pictures that the inbox still holds.
Status close_run(Statements& db, const Finish& finish);

JournalRow read_journal(const Row& row);  // id, run_id, step, kind, body, at_ms, checksum

}  // namespace carapace::store

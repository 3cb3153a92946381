// Transcript rows and messages, both ways. A row whose checksum does not fit is answered as a
// visible placeholder and a log line, so that one bad sector does not take a conversation away.
// Runs inside store closures; used by the repositories.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "store/engine.h"
#include "store/transcripts.h"

namespace carapace::store {

// For `SELECT <these> FROM messages`: what the readers below expect.
inline constexpr std::string_view kMessageColumns =
    "session_id, seq, role, body, integrity, confidentiality, principal, run_id, at_ms, checksum";

// Appends in order; the seq of the last one (0 for an empty span).
Result<std::int64_t> append_messages(Statements& db, const SessionId& session,
                                     std::span<const Message> messages);
StoredMessage read_message(const Row& row);
std::string read_message_json(const Row& row);  // the body as it is stored

}  // namespace carapace::store

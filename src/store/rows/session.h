// Session rows and values, both ways, and who may touch which. Runs inside store closures; used by
// the repositories.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/engine.h"
#include "store/sessions.h"

namespace carapace::store {

// For `SELECT <these> FROM sessions`: what `read_session` expects.
inline constexpr std::string_view kSessionColumns =
    "key, id, agent, principal, channel, label, model_override, thinking_level, verbose_level, "
    "reasoning_level, send_policy, response_usage, last_provider, last_model, usage_input, "
    "usage_output, "
    "usage_cache_read, usage_cache_write, context_tokens, created_ms, updated_ms, "
    "aborted_last_run, title, sender, elevated_level, exec_host, exec_security, exec_ask, "
    "exec_node, group_activation, spawned_by";

SessionRow read_session(const Row& row);
// Whoever owns it: callers ask `may_touch`.
Result<std::optional<SessionRow>> find_session(Statements& db, const SessionKey& key);
// An empty principal is the gateway itself.
bool may_touch(const PrincipalId& principal, const SessionRow& session);
// A session of this person without a word in it, in the table. The agent comes from the key.
Result<SessionRow> create_session(Statements& db, const SessionKey& key, const SessionId& id,
                                  const PrincipalId& principal, std::int64_t now_ms);
// The transcript that the key points to now, listed in `past_sessions`.
Status keep_as_past(Statements& db, const SessionRow& session, std::int64_t now_ms,
                    std::string reason);

}  // namespace carapace::store

// The name of a conversation (agent specification §2.1): `agent:<agent>:<rest>`, or `global`,
// `unknown`. Always lower case. Clients may send short forms; `canonical_key` expands them. Values;
// any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "domain/ids.h"

namespace carapace {

using SessionKey = StrongId<struct SessionKeyTag>;

struct SessionKeyParts {
  AgentId agent;
  std::string rest;  // "main", "dm:…", "telegram:group:…", …
};

// nullopt for `global`, `unknown` and whatever does not have three non-empty parts.
std::optional<SessionKeyParts> parse_session_key(std::string_view key);

// Trims, lower-cases, expands `main` and other short forms with the default agent. The rest of a
// key is at most 512 bytes; longer or empty input gives nullopt.
std::optional<SessionKey> canonical_key(std::string_view raw, const AgentId& default_agent);

SessionKey main_session_key(const AgentId& agent);
// Any text as an agent id: invalid characters become '-', at most 64, empty becomes "main".
AgentId agent_slug(std::string_view text);
bool is_agent_id(std::string_view text);

// Row kinds of `sessions.list`: direct, group, global, unknown (protocol §2.2).
std::string_view session_kind(const SessionKey& key);

}  // namespace carapace

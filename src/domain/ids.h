// The identities that every floor shares: text that is not to be mixed up. Made where something
// begins (a connection, a run, a reset), passed on by value, compared and stored, never taken
// apart. Values; any thread.
#pragma once

#include "base/strong_id.h"

namespace carapace {

using AgentId = StrongId<struct AgentIdTag>;          // [a-z0-9][a-z0-9_-]{0,63}
using SessionId = StrongId<struct SessionIdTag>;      // uuid; a reset gives the key a new one
using RunId = StrongId<struct RunIdTag>;              // the client's idempotency key, else a uuid
using PrincipalId = StrongId<struct PrincipalIdTag>;  // a person; `kOwner` in a one-person gateway
using ToolCallId = StrongId<struct ToolCallIdTag>;    // the provider's, or ours where it has none

inline const PrincipalId kOwner{"owner"};

}  // namespace carapace

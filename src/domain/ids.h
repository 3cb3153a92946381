// The identities that every floor shares.
#pragma once

#include "base/strong_id.h"

namespace carapace {

using AgentId = StrongId<struct AgentIdTag>;          // [a-z0-9][a-z0-9_-]{0,63}
using SessionId = StrongId<struct SessionIdTag>;      // uuid; a reset gives the key a new one
using RunId = StrongId<struct RunIdTag>;              // the client's idempotency key, else a uuid
using PrincipalId = StrongId<struct PrincipalIdTag>;  // a person; `kOwner` in a one-person gateway
using ToolCallId = StrongId<struct ToolCallIdTag>;

inline const PrincipalId kOwner{"owner"};

}  // namespace carapace

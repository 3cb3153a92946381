// What clients are told about questions to a person (protocol §3): the payloads of
// `exec.approval.requested` and `exec.approval.resolved`. Pure.
#pragma once

#include <string>

#include "store/approvals.h"

namespace carapace::gateway {

// {id, request{command, cwd, host, security, ask, agentId, resolvedPath, sessionKey, …},
// createdAtMs, expiresAtMs}: what the row's request does not say is null.
std::string approval_requested_json(const store::ApprovalRow& row);
std::string approval_resolved_json(const store::ApprovalRow& row, std::int64_t at_ms);

}  // namespace carapace::gateway

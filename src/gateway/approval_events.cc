#include "gateway/approval_events.h"

#include "base/json.h"
#include "rpc/json_text.h"

namespace carapace::gateway {
namespace {

constexpr std::string_view kRequestMembers[] = {"command", "cwd",     "host",         "security",
                                                "ask",     "agentId", "resolvedPath", "sessionKey"};

}  // namespace

std::string approval_requested_json(const store::ApprovalRow& row) {
  const auto parsed = parse_json(row.request);
  json::object request = parsed && parsed->is_object() ? parsed->get_object() : json::object{};
  for (const auto name : kRequestMembers)
    if (!request.contains(name)) request[name] = nullptr;
  if (request["command"].is_null()) request["command"] = row.tool;
  if (request["sessionKey"].is_null() && !row.key.empty()) request["sessionKey"] = row.key.value;
  return rpc::ObjectText()
      .text("id", row.id)
      .raw("request", dump_json(request))
      .number("createdAtMs", row.created_ms)
      .number("expiresAtMs", row.expires_ms)
      .take();
}

std::string approval_resolved_json(const store::ApprovalRow& row, std::int64_t at_ms) {
  return rpc::ObjectText()
      .text("id", row.id)
      .text("decision", row.decision)
      .text_unless_empty("resolvedBy", row.resolved_by)
      .number("ts", at_ms)
      .take();
}

}  // namespace carapace::gateway

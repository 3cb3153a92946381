#include "gateway/method_table.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "base/json.h"
#include "rpc/json_text.h"

namespace carapace::gateway {

namespace methods {
#define CARAPACE_METHOD(name) extern const std::span<const MethodRow> name;
#include "gateway/methods/builtin.def"
#undef CARAPACE_METHOD
}  // namespace methods

namespace {

constexpr const std::span<const MethodRow>* kFiles[] = {
#define CARAPACE_METHOD(name) &methods::name,
#include "gateway/methods/builtin.def"
#undef CARAPACE_METHOD
};

// The events that this gateway can send today.
constexpr std::array<std::string_view, 10> kEvents{"connect.challenge",
                                                   "agent",
                                                   "chat",
                                                   "presence",
                                                   "tick",
                                                   "shutdown",
                                                   "health",
                                                   "exec.approval.requested",
                                                   "exec.approval.resolved",
                                                   "config.changed"};

std::string_view scope_of(Authority authority) {
  switch (authority) {
    case Authority::read: return "operator.read";
    case Authority::write: return "operator.write";
    case Authority::approvals: return "operator.approvals";
    case Authority::pairing: return "operator.pairing";
    case Authority::admin:
    case Authority::node:
    case Authority::unset: break;
  }
  return "operator.admin";
}

bool holds(const rpc::Caller& caller, std::string_view scope) {
  return std::ranges::find(caller.scopes, scope) != caller.scopes.end();
}

}  // namespace

Reply answered(std::string payload) { return {std::move(payload), std::nullopt}; }
Reply refused(std::string message) { return {{}, rpc::invalid_request(std::move(message))}; }
Reply failed(const Error& error) { return {{}, rpc::wire_error(error)}; }

const json::object& Call::arguments() const {
  static const json::object kNone;
  const auto* object = params ? params->if_object() : nullptr;
  return object ? *object : kNone;
}

std::optional<rpc::WireError> authorize(const rpc::Caller& caller, const MethodRow* row) {
  const auto authority = row ? row->authority : Authority::admin;
  const bool node = caller.role == "node";
  if (node != (authority == Authority::node) || (!node && caller.role != "operator"))
    return rpc::invalid_request("unauthorized role: " + caller.role);
  if (node || holds(caller, "operator.admin")) return std::nullopt;
  const auto scope = scope_of(authority);
  if (holds(caller, scope)) return std::nullopt;
  if (authority == Authority::read && holds(caller, "operator.write")) return std::nullopt;
  return rpc::invalid_request("missing scope: " + std::string(scope));
}

MethodTable::MethodTable() {
  rpc::ArrayText names;
  for (const auto* file : kFiles) {
    for (const auto& row : *file) {
      CARAPACE_CHECK(row.authority != Authority::unset && (row.quick || row.work));
      CARAPACE_CHECK(rows_.emplace(row.name, &row).second);
      if (row.advertised) names.text(row.name);
    }
  }
  rpc::ArrayText events;
  for (const auto event : kEvents) events.text(event);
  features_ = rpc::ObjectText().raw("methods", names.take()).raw("events", events.take()).take();
}

const MethodRow* MethodTable::find(std::string_view name) const {
  const auto found = rows_.find(name);
  return found == rows_.end() ? nullptr : found->second;
}

}  // namespace carapace::gateway

// system-presence and last-heartbeat: who is there, and when the agent last woke by itself (never,
// so far).

#include "gateway/face.h"
#include "gateway/method_row.h"

namespace carapace::gateway::methods {
namespace {

std::optional<Reply> list(const Call& call) { return answered(call.face->presence.entries_json()); }

std::optional<Reply> no_heartbeat(const Call&) { return answered("null"); }

constexpr MethodRow kRows[] = {
    {.name = "last-heartbeat",
     .authority = Authority::read,
     .params = rpc::kAnyParams,
     .quick = no_heartbeat},
    {.name = "system-presence",
     .authority = Authority::read,
     .params = rpc::kAnyParams,
     .quick = list},
};

}  // namespace

extern const std::span<const MethodRow> presence;
constinit const std::span<const MethodRow> presence{kRows};

}  // namespace carapace::gateway::methods

// connect, on a connection that is open already. The handshake itself is rpc/handshake, before
// there is a caller.

#include <span>

#include "gateway/method_row.h"

namespace carapace::gateway::methods {
namespace {

std::optional<Reply> again(const Call&) {
  return refused("connect is only valid as the first request");
}

constexpr MethodRow kRows[] = {
    {.name = "connect",
     .authority = Authority::admin,
     .params = rpc::kAnyParams,
     .advertised = false,
     .quick = again},
};

}  // namespace

extern const std::span<const MethodRow> connect;
constinit const std::span<const MethodRow> connect{kRows};

}  // namespace carapace::gateway::methods

// exec.approval.resolve: a person's answer to a question that parks a turn.

#include "async/coro.h"
#include "base/json.h"
#include "dispatch/desk.h"
#include "gateway/face.h"
#include "gateway/method_row.h"

namespace carapace::gateway::methods {
namespace {

constexpr rpc::ParamRow kResolve[] = {
    {.name = "id", .required = true, .min = 1},
    {.name = "decision", .required = true, .min = 1},
};

Task<Reply> resolve(Call call) {
  const auto decision = string_or(call.arguments(), "decision", "");
  if (decision != "allow-once" && decision != "allow-always" && decision != "deny")
    co_return refused("invalid decision");
  if (!call.face->ports.desk) co_return refused("unknown approval id");
  const auto row = co_await call.face->ports.desk->resolve(
      string_or(call.arguments(), "id", ""), decision, rpc::shown_name(call.client->caller.client),
      call.principal());
  if (row) co_return answered(R"({"ok":true})");
  // Somebody else's question is not told apart from none.
  if (row.error().code == Errc::not_found || row.error().code == Errc::forbidden)
    co_return refused("unknown approval id");
  co_return failed(row.error());
}

constexpr MethodRow kRows[] = {
    {.name = "exec.approval.resolve",
     .authority = Authority::approvals,
     .params = {kResolve},
     .work = resolve},
};

}  // namespace

extern const std::span<const MethodRow> approvals;
constinit const std::span<const MethodRow> approvals{kRows};

}  // namespace carapace::gateway::methods

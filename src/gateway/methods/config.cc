// config.get, set, apply, patch, schema; beside them config.validate, plan and reload, which the
// ancestor does not list. What is behind them is the port's: here requests become wishes, and
// answers frames.

#include <algorithm>

#include "async/coro.h"
#include "base/json.h"
#include "gateway/config_port.h"
#include "gateway/face.h"
#include "gateway/method_row.h"
#include "rpc/json_text.h"

namespace carapace::gateway::methods {
namespace {

using rpc::ParamType;

constexpr std::int64_t kLongestDelayMs = 60'000;

constexpr rpc::ParamRow kSet[] = {
    {.name = "raw", .required = true, .min = 1},
    {.name = "baseHash", .min = 1},
};
constexpr rpc::ParamRow kChange[] = {
    {.name = "raw", .required = true, .min = 1},
    {.name = "baseHash", .min = 1},
    {.name = "sessionKey"},
    {.name = "note"},
    {.name = "restartDelayMs", .type = ParamType::integer, .min = 0},
};
constexpr rpc::ParamRow kValidate[] = {{.name = "raw", .required = true, .min = 1}};
constexpr rpc::ParamSchema kNothing{};

Reply reply_from(ConfigAnswer answer) {
  if (!answer.fault) return answered(std::move(answer.payload));
  auto& fault = *answer.fault;
  using Kind = ConfigFault::Kind;
  const bool ours = fault.kind == Kind::failed || fault.kind == Kind::busy;
  auto error = ours ? rpc::unavailable(std::move(fault.message))
                    : rpc::invalid_request(std::move(fault.message));
  if (!fault.issues.empty()) error.details = rpc::ObjectText().raw("issues", fault.issues).take();
  return {{}, std::move(error)};
}

Reply no_port() { return {{}, rpc::unavailable("configuration is not served here")}; }

Task<Reply> look_at(Call call, ConfigLook what) {
  auto* port = call.face->ports.config;
  if (port == nullptr) co_return no_port();
  co_return reply_from(co_await port->look(what, string_or(call.arguments(), "key", "")));
}

Task<Reply> change(Call call, ConfigChange kind) {
  auto* port = call.face->ports.config;
  if (port == nullptr) co_return no_port();
  const auto& arguments = call.arguments();
  ConfigWrite wanted{.change = kind, .raw = string_or(arguments, "raw", "")};
  if (const auto hash = find_string(arguments, "baseHash")) wanted.base_hash = std::string(*hash);
  wanted.session_key = string_or(arguments, "sessionKey", "");
  wanted.note = string_or(arguments, "note", "");
  if (const auto delay = find_int(arguments, "restartDelayMs"))
    wanted.restart_delay_ms = std::min(*delay, kLongestDelayMs);
  co_return reply_from(co_await port->write(std::move(wanted)));
}

// Nothing, or a key alone: beside anything else a key is refused in the words that clients know.
Task<Reply> get(Call call) {
  const auto& arguments = call.arguments();
  if (arguments.size() != 1 || find_string(arguments, "key").value_or("").empty())
    if (const auto why = rpc::check_params(kNothing, call.params.get()); !why.empty())
      co_return refused("invalid config.get params: " + why);
  co_return co_await look_at(std::move(call), ConfigLook::file);
}
Task<Reply> schema(Call call) { return look_at(std::move(call), ConfigLook::schema); }
Task<Reply> plan(Call call) { return look_at(std::move(call), ConfigLook::plan); }
Task<Reply> set(Call call) { return change(std::move(call), ConfigChange::set); }
Task<Reply> apply(Call call) { return change(std::move(call), ConfigChange::apply); }
Task<Reply> patch(Call call) { return change(std::move(call), ConfigChange::patch); }
Task<Reply> validate(Call call) { return change(std::move(call), ConfigChange::validate); }

Task<Reply> reload(Call call) {
  auto* port = call.face->ports.config;
  if (port == nullptr) co_return no_port();
  co_return reply_from(co_await port->reload());
}

// All of it needs admin: the file says where secrets are kept and what may be run.
constexpr MethodRow kRows[] = {
    {.name = "config.get", .authority = Authority::admin, .params = rpc::kAnyParams, .work = get},
    {.name = "config.set", .authority = Authority::admin, .params = {kSet}, .work = set},
    {.name = "config.apply", .authority = Authority::admin, .params = {kChange}, .work = apply},
    {.name = "config.patch", .authority = Authority::admin, .params = {kChange}, .work = patch},
    {.name = "config.schema", .authority = Authority::admin, .params = kNothing, .work = schema},
    {.name = "config.validate",
     .authority = Authority::admin,
     .params = {kValidate},
     .advertised = false,
     .work = validate},
    {.name = "config.plan",
     .authority = Authority::admin,
     .params = kNothing,
     .advertised = false,
     .work = plan},
    {.name = "config.reload",
     .authority = Authority::admin,
     .params = kNothing,
     .advertised = false,
     .work = reload},
};

}  // namespace

extern const std::span<const MethodRow> config;
constinit const std::span<const MethodRow> config{kRows};

}  // namespace carapace::gateway::methods

// health and status: how the gateway is, for machines and for people.

#include "async/coro.h"
#include "base/clock.h"
#include "base/json.h"
#include "gateway/face.h"
#include "gateway/method_row.h"
#include "gateway/session_view.h"
#include "provider/router.h"
#include "rpc/json_text.h"
#include "store/sessions.h"

namespace carapace::gateway::methods {
namespace {

using rpc::ObjectText;

constexpr std::int64_t kRecentSessions = 10;

// The summary that is there, when it is young enough; a newer one is made behind it.
std::optional<Reply> cached_health(const Call& call) {
  auto& face = *call.face;
  if (find_bool(call.arguments(), "probe").value_or(false) || !face.health.fresh())
    return std::nullopt;
  face.refresh_pacer.ask();
  return answered(*face.health.cached());
}

Task<Reply> fresh_health(Call call) {
  const auto summary = co_await call.face->health.refresh();
  if (!summary) co_return failed(summary.error());
  co_return answered(**summary);
}

std::string heartbeat_json(const Settings& settings) {
  rpc::ArrayText agents;
  for (const auto& agent : settings.agents)
    agents.raw(ObjectText()
                   .text("agentId", agent.id.value)
                   .boolean("enabled", false)
                   .text("every", "disabled")
                   .raw("everyMs", "null")
                   .take());
  return ObjectText()
      .text("defaultAgentId", settings.default_agent.value)
      .raw("agents", agents.take())
      .take();
}

Task<Reply> status(Call call) {
  auto& face = *call.face;
  store::SessionFilter newest;
  newest.principal = call.principal();
  newest.limit = kRecentSessions;
  const auto recent = co_await face.ports.sessions.list(std::move(newest));
  if (!recent) co_return failed(recent.error());
  const auto count = co_await face.ports.sessions.count();
  if (!count) co_return failed(count.error());
  const auto& choice = face.ports.router.choice();
  const auto& model = choice.model;
  const auto route = face.ports.router.route({});
  const auto window = route ? route->model.context_window : 0;
  const auto now = face.ports.clock.wall_ms();
  rpc::ArrayText lines;
  rpc::ArrayText by_agent;
  for (const auto& row : *recent) lines.raw(status_line(row, model.model, window, now));
  for (const auto& agent : face.settings.agents) {
    rpc::ArrayText own;
    for (const auto& row : *recent)
      if (row.agent == agent.id) own.raw(status_line(row, model.model, window, now));
    by_agent.raw(ObjectText()
                     .text("agentId", agent.id.value)
                     .text("path", face.settings.store_path)
                     .number("count", *count)
                     .raw("recent", own.take())
                     .take());
  }
  const auto defaults =
      ObjectText().text("model", model.model).number("contextTokens", window).take();
  const auto sessions = ObjectText()
                            .raw("paths", rpc::ArrayText().text(face.settings.store_path).take())
                            .number("count", *count)
                            .raw("defaults", defaults)
                            .raw("recent", lines.take())
                            .raw("byAgent", by_agent.take())
                            .take();
  co_return answered(ObjectText()
                         .raw("heartbeat", heartbeat_json(face.settings))
                         .raw("channelSummary", "[]")
                         .raw("queuedSystemEvents", "[]")
                         .raw("sessions", sessions)
                         .number("ts", now)
                         .text("version", face.settings.version)
                         .number("uptimeMs", face.uptime_ms())
                         .raw("model", ObjectText()
                                           .text("ref", model.text())
                                           .boolean("offline", choice.offline)
                                           .text("reason", choice.reason)
                                           .take())
                         .raw("config", to_json(face.settings.config))
                         .take());
}

constexpr MethodRow kRows[] = {
    {.name = "health",
     .authority = Authority::read,
     .params = rpc::kAnyParams,
     .quick = cached_health,
     .work = fresh_health},
    {.name = "status", .authority = Authority::read, .params = rpc::kAnyParams, .work = status},
};

}  // namespace

extern const std::span<const MethodRow> health;
constinit const std::span<const MethodRow> health{kRows};

}  // namespace carapace::gateway::methods

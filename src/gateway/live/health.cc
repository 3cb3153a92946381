#include "gateway/live/health.h"

#include "async/coro.h"
#include "base/clock.h"
#include "rpc/json_text.h"
#include "store/sessions.h"

namespace carapace::gateway {
namespace {

using rpc::ObjectText;

constexpr std::int64_t kRecentSessions = 5;

std::string sessions_json(const Settings& settings, std::int64_t count,
                          const std::vector<store::SessionRow>& recent, std::int64_t now,
                          const AgentId* agent) {
  rpc::ArrayText rows;
  for (const auto& row : recent) {
    if (agent && row.agent != *agent) continue;
    rows.raw(ObjectText()
                 .text("key", row.key.value)
                 .number("updatedAt", row.updated_ms)
                 .number("age", now - row.updated_ms)
                 .take());
  }
  return ObjectText()
      .text("path", settings.store_path)
      .number("count", count)
      .raw("recent", rows.take())
      .take();
}

// There is no heartbeat in this gateway yet, and it says so in the shape that clients read.
std::string no_heartbeat() {
  return ObjectText()
      .boolean("enabled", false)
      .text("every", "disabled")
      .raw("everyMs", "null")
      .text("prompt", "")
      .text("target", "none")
      .number("ackMaxChars", 300)
      .take();
}

}  // namespace

Health::Health(const GatewayPorts& ports, const Settings& settings,
               std::function<void()> on_refreshed)
    : ports_(ports), settings_(settings), on_refreshed_(std::move(on_refreshed)) {}

bool Health::fresh(std::int64_t within_ms) const {
  return summary_ != nullptr && ports_.clock.steady_ms() - made_ms_ < within_ms;
}

Task<Result<std::string>> Health::make() {
  const auto started = ports_.clock.steady_ms();
  const auto now = ports_.clock.wall_ms();
  store::SessionFilter newest;
  newest.principal = kOwner;
  newest.limit = kRecentSessions;
  CO_TRY(const auto recent, co_await ports_.sessions.list(std::move(newest)));
  CO_TRY(const auto count, co_await ports_.sessions.count());
  rpc::ArrayText agents;
  for (const auto& agent : settings_.agents)
    agents.raw(ObjectText()
                   .text("agentId", agent.id.value)
                   .text_unless_empty("name", agent.name)
                   .boolean("isDefault", agent.id == settings_.default_agent)
                   .raw("heartbeat", no_heartbeat())
                   .raw("sessions", sessions_json(settings_, count, recent, now, &agent.id))
                   .take());
  co_return ObjectText()
      .boolean("ok", true)
      .number("ts", now)
      .number("durationMs", ports_.clock.steady_ms() - started)
      .raw("channels", "{}")
      .raw("channelOrder", "[]")
      .raw("channelLabels", "{}")
      .number("heartbeatSeconds", 0)
      .text("defaultAgentId", settings_.default_agent.value)
      .raw("agents", agents.take())
      .raw("sessions", sessions_json(settings_, count, recent, now, nullptr))
      .raw("config", to_json(settings_.config))
      .take();
}

Task<Result<Health::Summary>> Health::refresh() {
  if (running_) {
    while (running_) co_await done_.wait();
    co_return last_;
  }
  // However the work ends, also by cancellation, those who wait for it go on.
  struct Running {
    Health& health;
    explicit Running(Health& owner) : health(owner) { health.running_ = true; }
    ~Running() {
      health.running_ = false;
      health.done_.notify_all();
    }
  };
  last_ = fail(Errc::unavailable, "the health check was interrupted");
  const Running running(*this);
  auto made = co_await make();
  if (!made) {
    last_ = fail(Errc::unavailable, "{}", made.error().detail);
    co_return last_;
  }
  summary_ = std::make_shared<const std::string>(std::move(*made));
  made_ms_ = ports_.clock.steady_ms();
  last_ = summary_;
  on_refreshed_();
  co_return last_;
}

}  // namespace carapace::gateway

#include "gateway/gateway.h"

#include <algorithm>
#include <chrono>

#include "async/coro.h"
#include "base/clock.h"
#include "dispatch/desk.h"
#include "dispatch/fanout.h"
#include "gateway/approval_events.h"
#include "gateway/connection.h"
#include "gateway/face.h"
#include "gateway/web/http_face.h"
#include "log/log.h"
#include "rpc/json_text.h"

namespace carapace::gateway {
namespace {

constexpr log::Log kLog{"gateway"};
constexpr std::chrono::milliseconds kGoodbye{5'000};

void report(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& problem) {
    kLog.error("background work failed", {{"error", problem.what()}});
  } catch (...) {
    kLog.error("background work failed");
  }
}

Task<void> refresh_health(Face& face) {
  const auto made = co_await face.health.refresh();
  if (!made) kLog.warn("no health summary", {{"error", made.error().detail}});
}

Settings complete(Settings given) {
  given.self = complete_self(std::move(given.self));
  if (given.agents.empty()) given.agents.push_back({given.default_agent, {}});
  while (given.base_path.ends_with('/')) given.base_path.pop_back();
  return given;
}

}  // namespace

Face::Face(GatewayPorts the_ports, Settings the_settings)
    : ports(the_ports),
      settings(complete(std::move(the_settings))),
      origins{settings.loopback_only, settings.allowed_hosts, settings.allowed_origins},
      started_ms(ports.clock.steady_ms()),
      work(ports.loop, report),
      endings(ports.loop, report),
      presence(ports.clock, settings.self, settings.version),
      presence_pacer(work, ports.clock, settings.coalesce_ms, [this] { publish_presence(); }),
      health_pacer(work, ports.clock, settings.coalesce_ms, [this] { publish_health(); }),
      refresh_pacer(work, ports.clock, settings.coalesce_ms,
                    [this] { work.spawn(refresh_health(*this)); }),
      health(ports, settings,
             [this] {
               ++broadcast.versions().health;
               health_pacer.ask();
             }),
      run_events(ports.loop, ports.clock, broadcast) {}

std::int64_t Face::uptime_ms() const { return ports.clock.steady_ms() - started_ms; }

const AgentInfo* Face::find_agent(const AgentId& id) const {
  const auto found = std::ranges::find(settings.agents, id, &AgentInfo::id);
  return found == settings.agents.end() ? nullptr : &*found;
}

void Face::publish_health() {
  const auto summary = health.cached();
  if (!summary) return;
  told_health = broadcast.versions().health;
  broadcast.publish("health", *summary, {.versioned = true});
}

void Face::publish_presence() {
  broadcast.publish("presence", rpc::ObjectText().raw("presence", presence.entries_json()).take(),
                    {.droppable = true, .versioned = true});
}

namespace {

Task<void> tick(Face& face) {
  while (true) {
    co_await sleep_for(std::chrono::milliseconds(face.settings.tick_ms));
    face.broadcast.publish("tick",
                           rpc::ObjectText().number("ts", face.ports.clock.wall_ms()).take(),
                           {.droppable = true});
    if (face.broadcast.size() > 0 && !face.health.fresh()) face.refresh_pacer.ask();
  }
}

// What the fan-out and the desk call after the end of the gateway does nothing.
void listen_to(dispatch::Desk& desk, const std::shared_ptr<Face*>& alive) {
  desk.on_requested([weak = std::weak_ptr(alive)](const store::ApprovalRow& row) {
    if (const auto face = weak.lock())
      (*face)->broadcast.publish(
          "exec.approval.requested", approval_requested_json(row),
          {.scope = "operator.approvals", .droppable = true, .principal = row.principal});
  });
  desk.on_resolved([weak = std::weak_ptr(alive)](const store::ApprovalRow& row) {
    if (const auto face = weak.lock())
      (*face)->broadcast.publish(
          "exec.approval.resolved", approval_resolved_json(row, (*face)->ports.clock.wall_ms()),
          {.scope = "operator.approvals", .droppable = true, .principal = row.principal});
  });
}

}  // namespace

struct Gateway::Impl {
  Face face;
  HttpFace web{face};
  std::shared_ptr<Face*> alive = std::make_shared<Face*>(&face);

  Impl(GatewayPorts ports, Settings settings) : face(ports, std::move(settings)) {}
  Task<void> shutdown(std::string reason, std::optional<std::int64_t> restart_expected_ms);
};

Gateway::Gateway(GatewayPorts ports, Settings settings)
    : impl_(std::make_unique<Impl>(ports, std::move(settings))) {
  auto& face = impl_->face;
  face.ports.fanout.add_reader([weak = std::weak_ptr(impl_->alive)](const RunEvent& event) {
    if (const auto alive = weak.lock()) (*alive)->run_events.take(event);
  });
  if (face.ports.desk) listen_to(*face.ports.desk, impl_->alive);
}

Gateway::~Gateway() = default;

net::ServerHandler Gateway::handler() {
  auto* impl = impl_.get();
  return {
      .http =
          [impl](net::ServerRequest request, net::Responder& responder) {
            return impl->web.serve(std::move(request), responder);
          },
      .judge_body =
          [impl](const net::ServerRequest& request) { return impl->web.judge_body(request); },
      .refuse_upgrade =
          [impl](const net::ServerRequest& request) { return impl->web.refuse_upgrade(request); },
      .websocket =
          [impl](net::ServerRequest request, std::shared_ptr<net::WebSocket> socket) {
            return serve_websocket(impl->face, std::move(request), std::move(socket));
          }};
}

void Gateway::start() {
  impl_->face.work.spawn(tick(impl_->face));
  impl_->face.refresh_pacer.ask();
}

Task<void> Gateway::shutdown(std::string reason, std::optional<std::int64_t> restart_expected_ms) {
  return impl_->shutdown(std::move(reason), restart_expected_ms);
}

Task<void> Gateway::Impl::shutdown(std::string reason,
                                   std::optional<std::int64_t> restart_expected_ms) {
  if (reason.empty()) reason = "gateway stopping";
  face.broadcast.publish(
      "shutdown",
      rpc::ObjectText()
          .text("reason", reason)
          .raw("restartExpectedMs",
               restart_expected_ms ? std::to_string(*restart_expected_ms) : "null")
          .take(),
      {});
  face.closing.request(reason);
  for (auto* connection : face.connections) close_connection(*connection, 1012, "service restart");
  const auto deadline = std::chrono::steady_clock::now() + kGoodbye;
  while (!face.connections.empty()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0 || !co_await face.connection_left.wait_for(left)) break;
  }
  face.work.cancel();
  co_await face.work.join();
  co_await face.endings.join();
}

void Gateway::apply(HotSettings settings) {
  auto& face = impl_->face;
  face.origins.allowed_origins = settings.allowed_origins;
  face.settings.allowed_origins = std::move(settings.allowed_origins);
  face.settings.chat_completions = settings.chat_completions;
  face.settings.browser_app = settings.browser_app;
  face.settings.log_file = std::move(settings.log_file);
}

void Gateway::tell_config(ConfigState state, std::string_view mode,
                          const std::vector<std::string>& changed) {
  auto& face = impl_->face;
  face.settings.config = std::move(state);
  // The summary that is kept speaks of the state before.
  face.health.outdated();
  face.refresh_pacer.ask();
  if (mode.empty()) return;
  face.broadcast.publish(
      "config.changed",
      config_changed_json(mode, changed, face.settings.config, face.ports.clock.wall_ms()),
      {.scope = "operator.read"});
}

std::unique_ptr<Gateway> make_gateway(GatewayPorts ports, Settings settings) {
  return std::make_unique<Gateway>(ports, std::move(settings));
}

}  // namespace carapace::gateway

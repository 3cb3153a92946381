// The inside of the gateway: what its connections, methods and routes share. Made and owned by the
// Gateway; nothing outside this module sees it. Loop thread.
#pragma once

#include <memory>
#include <string>
#include <unordered_set>

#include "async/signal.h"
#include "async/stop.h"
#include "async/task_group.h"
#include "gateway/gateway.h"
#include "gateway/live/broadcast.h"
#include "gateway/live/health.h"
#include "gateway/live/pacer.h"
#include "gateway/live/presence.h"
#include "gateway/live/run_events.h"
#include "gateway/method_table.h"
#include "gateway/web/origin.h"
#include "gateway/web/throttle.h"

namespace carapace::gateway {

class Connection;

struct Face {
  Face(GatewayPorts the_ports, Settings the_settings);

  GatewayPorts ports;
  Settings settings;
  OriginRules origins;
  std::int64_t started_ms;  // steady
  TaskGroup work;           // cancelled at shutdown
  TaskGroup endings;        // connections that wait for their handlers; only joined
  MethodTable methods;
  Broadcast broadcast;
  Presence presence;
  Pacer presence_pacer;  // tells everybody who is there
  Pacer health_pacer;    // tells everybody the newest health summary
  Pacer refresh_pacer;   // makes a new one
  Health health;
  std::int64_t told_health = 0;  // version of the summary that everybody has
  RunEvents run_events;
  Throttle throttle;
  std::unordered_set<Connection*> connections;  // all, also those before their handshake
  Signal connection_left;
  Stop closing;

  std::int64_t uptime_ms() const;
  const AgentInfo* find_agent(const AgentId& id) const;

 private:
  void publish_health();
  void publish_presence();
};

}  // namespace carapace::gateway

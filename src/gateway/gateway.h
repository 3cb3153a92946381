// The face of the gateway: HTTP and WebSocket (protocol 3) in front of the one door. app/ makes it
// from ports and settings, gives `handler()` to net::listen, calls `start` once and `shutdown`
// once, and destroys it after the server. Loop thread only. It owns connections, subscriptions and
// caches; it owns no session, no run and no model.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/stop.h"
#include "async/task.h"
#include "gateway/settings.h"
#include "net/http.h"
#include "net/server.h"

namespace carapace {
class Clock;
class Loop;
class Pool;
class Random;
}  // namespace carapace
namespace carapace::store {
class Engine;
class Runs;
class Sessions;
class Transcripts;
}  // namespace carapace::store
namespace carapace::dispatch {
class Desk;
class Door;
class Fanout;
}  // namespace carapace::dispatch
namespace carapace::provider {
class Router;
}

namespace carapace::gateway {

class ConfigPort;

// Everything outlives the gateway. Making it adds one reader to the fan-out and two to the desk,
// for ever.
struct GatewayPorts {
  Loop& loop;
  Pool& pool;  // file reads of logs.tail and the readiness probe
  const Clock& clock;
  Random& random;
  store::Engine& engine;  // asked whether it can write, nothing else
  store::Sessions& sessions;
  store::Transcripts& transcripts;
  store::Runs& runs;
  dispatch::Door& door;
  dispatch::Fanout& fanout;
  dispatch::Desk* desk = nullptr;  // null: no approvals
  provider::Router& router;
  Stop draining = {};            // requested when no new work is taken any more: not ready
  ConfigPort* config = nullptr;  // null: configuration is not served
};

class Gateway {
 public:
  Gateway(GatewayPorts ports, Settings settings);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // For net::listen. The functions stay valid as long as the gateway does.
  net::ServerHandler handler();
  // Begins ticking and makes the first health summary.
  void start();
  // Tells every client (`shutdown` event; with the milliseconds after which it may come back, when
  // somebody knows), closes them with 1012 "service restart", and returns when their handlers have
  // ended. Call it before the server's own shut_down.
  Task<void> shutdown(std::string reason, std::optional<std::int64_t> restart_expected_ms = {});

  // A changed configuration. Requests that come from now on are judged by it.
  void apply(HotSettings settings);
  // How the file stands now, for health and status; with `mode` the event `config.changed` goes out
  // to operators.
  void tell_config(ConfigState state, std::string_view mode,
                   const std::vector<std::string>& changed);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::unique_ptr<Gateway> make_gateway(GatewayPorts ports, Settings settings);

// For net::ServerOptions: what every answer carries, also those that the server makes itself.
net::Headers security_headers();

}  // namespace carapace::gateway

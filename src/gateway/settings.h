// What the gateway's face is told at start: plain values, made by app/ from the configuration.
// Nothing here is read from the environment or a file by the gateway itself. Value.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/ids.h"
#include "gateway/live/config_state.h"
#include "rpc/handshake.h"

namespace carapace::gateway {

// One file of the browser app, embedded at build time.
struct Asset {
  std::string_view
      path;  // below the base path, no leading slash: "index.html", "assets/app-1a2b.js"
  std::string_view bytes;
  std::string_view mime;
  std::string_view etag;  // without quotes; empty: none
  bool hashed = false;    // its name changes with its content: may be kept for ever
};

struct AgentInfo {
  AgentId id;
  std::string name;  // empty: none
};

// How this machine shows itself in presence and hello-ok. Empty fields are asked of the system at
// start.
struct SelfInfo {
  std::string host;
  std::string ip;
  std::string platform;
  std::string device_family;
  std::string model_identifier;
};

struct Settings {
  std::string version = "dev";
  std::string commit;  // empty: left out
  SelfInfo self;
  bool loopback_only = true;  // every bound address is a loopback address
  rpc::AuthRules auth;
  std::vector<std::string> allowed_origins;  // scheme://host[:port], beside the gateway's own
  std::vector<std::string>
      allowed_hosts;                   // names that a loopback bind answers to, beside localhost
  std::string config_path, state_dir;  // shown in hello-ok
  std::string store_path;              // shown where the ancestor shows its session file
  std::string log_file;                // read by logs.tail; empty: there is none
  AgentId default_agent{"main"};
  std::vector<AgentInfo> agents;  // empty: only the default agent
  std::span<const std::string_view>
      known_channels;  // names that clients may send; outlives the gateway
  std::string assistant_name = "Assistant";
  std::string assistant_avatar = "A";
  bool chat_completions = true;  // POST /v1/chat/completions and GET /v1/models
  bool browser_app = true;
  std::string base_path;          // "" or "/x": where the browser app lives
  std::span<const Asset> assets;  // outlives the gateway
  std::int64_t handshake_ms = 10'000;
  std::int64_t tick_ms = 30'000;
  std::int64_t coalesce_ms = 1'000;     // health and presence broadcasts: at most one in this time
  std::size_t requests_in_flight = 64;  // per connection
  ConfigState config;                   // of the file; newer ones come by Gateway::tell_config
};

// What of the settings a running gateway takes over at once; connected clients stay.
struct HotSettings {
  std::vector<std::string> allowed_origins;
  bool chat_completions = true;
  bool browser_app = true;
  std::string log_file;
};

}  // namespace carapace::gateway

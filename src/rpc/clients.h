// Who may connect: the client ids and modes of protocol §1.4, and what the gateway concludes from
// them. One list; the parameter schema of `connect` and the classification read the same. Pure; any
// thread.
#pragma once

#include <string>
#include <string_view>

namespace carapace::rpc {

// The ancestor's ids, its older spellings, and ours, separated by '|'.
inline constexpr std::string_view kClientIds =
    "webchat-ui|moltbot-control-ui|webchat|cli|gateway-client|moltbot-macos|moltbot-ios|moltbot-"
    "android|node-host|"
    "test|fingerprint|moltbot-probe|clawdbot-control-ui|clawdbot-macos|clawdbot-ios|clawdbot-"
    "android|"
    "clawdbot-probe|carapace-control-ui|carapace-macos|carapace-ios|carapace-android|carapace-"
    "probe";
inline constexpr std::string_view kClientModes = "webchat|cli|ui|backend|node|probe|test";

struct ClientInfo {
  std::string id;
  std::string display_name;  // empty when the client sent none, like the rest
  std::string version;
  std::string platform;
  std::string device_family;
  std::string model_identifier;
  std::string mode;
  std::string instance_id;
};

bool is_cli(const ClientInfo& client);  // comes and goes per command: not tracked in presence
bool is_webchat(const ClientInfo& client);
bool is_control_ui(const ClientInfo& client);  // any spelling

// The name that people are shown: "who resolved this".
inline const std::string& shown_name(const ClientInfo& client) {
  return client.display_name.empty() ? client.id : client.display_name;
}

}  // namespace carapace::rpc

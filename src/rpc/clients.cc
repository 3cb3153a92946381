#include "rpc/clients.h"

namespace carapace::rpc {

bool is_cli(const ClientInfo& client) { return client.mode == "cli"; }

bool is_webchat(const ClientInfo& client) {
  return client.mode == "webchat" || client.id == "webchat-ui";
}

bool is_control_ui(const ClientInfo& client) { return client.id.ends_with("-control-ui"); }

}  // namespace carapace::rpc

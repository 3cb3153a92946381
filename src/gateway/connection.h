// One WebSocket connection from its challenge to its end: handshake, authorization, requests that
// run side by side, answers. Owned by the task that `serve_websocket` is; its handlers belong to
// its own group, which ends with it. Loop thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "async/task.h"
#include "net/http.h"
#include "net/server.h"

namespace carapace::gateway {

struct Face;
class Connection;

// Returns when the connection is gone. `face` outlives it.
Task<void> serve_websocket(Face& face, net::ServerRequest request,
                           std::shared_ptr<net::WebSocket> socket);

// For the gateway's shutdown.
void close_connection(Connection& connection, std::uint16_t code, const std::string& reason);

}  // namespace carapace::gateway

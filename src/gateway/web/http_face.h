// HTTP in front of the gateway: judges where a request comes from, finds its route, checks the
// credential, and puts the security headers on whatever goes out. Owned by the Gateway; loop
// thread.
#pragma once

#include <optional>

#include "async/task.h"
#include "gateway/web/route_row.h"
#include "net/server.h"

namespace carapace::gateway {

class HttpFace {
 public:
  explicit HttpFace(Face& face) : face_(face) {}

  Task<void> serve(net::ServerRequest request, net::Responder& responder);
  // Host and Origin of an upgrade; the credential follows in the first frame.
  std::optional<net::ServerResponse> refuse_upgrade(const net::ServerRequest& request) const;

 private:
  std::optional<net::ServerResponse> judge(const net::ServerRequest& request, bool mutating) const;
  std::optional<net::ServerResponse> judge_credential(const net::ServerRequest& request,
                                                      bool local);

  Face& face_;
};

}  // namespace carapace::gateway

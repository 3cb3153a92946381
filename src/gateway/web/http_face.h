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
  // The same judgement before a body is read: strangers send none, others as much as their route
  // takes.
  net::BodyVerdict judge_body(const net::ServerRequest& request);
  // Host and Origin of an upgrade; the credential follows in the first frame.
  std::optional<net::ServerResponse> refuse_upgrade(const net::ServerRequest& request) const;

 private:
  struct Admission {
    std::optional<net::ServerResponse> refusal;
    const RouteRow* row = nullptr;  // set when nothing is refused
    bool local = false;
  };
  Admission admit(const net::ServerRequest& request);
  std::optional<net::ServerResponse> judge(const net::ServerRequest& request, bool mutating) const;
  std::optional<net::ServerResponse> judge_credential(const net::ServerRequest& request,
                                                      bool local);

  Face& face_;
};

}  // namespace carapace::gateway

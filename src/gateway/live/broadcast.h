// Events on their way to the connected clients. An event is serialised once and the frame is shared
// by all its readers; one number per broadcast, the same for everybody. Slow readers lose what may
// be dropped and are closed by what may not (protocol §1.11). Owned by the gateway; loop thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "domain/ids.h"
#include "net/server.h"
#include "rpc/frame.h"
#include "rpc/handshake.h"

namespace carapace::gateway {

inline constexpr std::size_t kSlowConsumerBytes = 1'572'864;

// A client after its handshake. Never changes.
struct Client {
  std::string conn_id;
  rpc::Caller caller;
  PrincipalId principal;
  bool local = false;
  std::string address;       // of the peer
  std::string presence_key;  // empty: not tracked
  std::shared_ptr<net::WebSocket> socket;
};

bool has_scope(const Client& client, std::string_view scope);  // operator.admin holds every scope

struct Audience {
  std::string_view scope = {};  // only operators that hold it; empty: everybody
  bool droppable = false;       // a slow reader may miss it
  bool versioned = false;       // carries stateVersion
  PrincipalId principal = {};   // only connections of this person; empty: everybody
};

class Broadcast {
 public:
  void join(std::shared_ptr<const Client> client);
  void leave(const std::string& conn_id);

  // Would anybody read an event of this person's run? Saves making it.
  bool wanted(const PrincipalId& principal) const;
  void publish(std::string_view event, std::string_view payload, const Audience& audience);
  // To one client. What it would have got as a broadcast a moment later (`versioned`) carries the
  // number of the last one, so that nobody sees a gap; the rest has none.
  void send_to(const Client& client, std::string_view event, std::string_view payload,
               bool versioned);

  std::size_t size() const { return clients_.size(); }
  const std::vector<std::shared_ptr<const Client>>& clients() const { return clients_; }
  rpc::StateVersion& versions() { return versions_; }

 private:
  std::vector<std::shared_ptr<const Client>> clients_;
  rpc::StateVersion versions_;
  std::int64_t last_seq_ = 0;
};

}  // namespace carapace::gateway

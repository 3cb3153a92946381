#include "gateway/live/broadcast.h"

#include <algorithm>

#include "log/log.h"

namespace carapace::gateway {
namespace {

constexpr log::Log kLog{"gateway"};

bool may_read(const Client& client, const Audience& audience) {
  if (!audience.principal.empty() && client.principal != audience.principal) return false;
  if (audience.scope.empty()) return true;
  return client.caller.role == "operator" && has_scope(client, audience.scope);
}

// A long answer is more than the limit at once, and whoever reads it as it comes is not slow.
bool is_slow(const net::Backlog& backlog) {
  constexpr std::int64_t kStalledMs = 1'000;
  constexpr std::size_t kMostBytes = 4 * kSlowConsumerBytes;
  return backlog.bytes > kSlowConsumerBytes &&
         (backlog.stalled_ms >= kStalledMs || backlog.bytes > kMostBytes);
}

}  // namespace

bool has_scope(const Client& client, std::string_view scope) {
  return std::ranges::any_of(client.caller.scopes, [scope](const std::string& held) {
    return held == scope || held == "operator.admin";
  });
}

void Broadcast::join(std::shared_ptr<const Client> client) {
  clients_.push_back(std::move(client));
}

void Broadcast::leave(const std::string& conn_id) {
  std::erase_if(clients_, [&conn_id](const auto& client) { return client->conn_id == conn_id; });
}

bool Broadcast::wanted(const PrincipalId& principal) const {
  return std::ranges::any_of(clients_,
                             [&](const auto& client) { return client->principal == principal; });
}

void Broadcast::publish(std::string_view event, std::string_view payload,
                        const Audience& audience) {
  if (clients_.empty()) return;
  const auto version = audience.versioned ? std::optional(versions_) : std::nullopt;
  const auto frame =
      std::make_shared<const std::string>(rpc::event_frame(event, payload, ++last_seq_, version));
  for (const auto& client : clients_) {
    if (!may_read(*client, audience)) continue;
    const auto backlog = client->socket->backlog();
    if (backlog.bytes > kSlowConsumerBytes && audience.droppable) continue;
    if (is_slow(backlog)) {
      kLog.warn("closing a slow consumer",
                {{"conn", client->conn_id}, {"event", std::string(event)}});
      client->socket->close(1008, "slow consumer");
      continue;
    }
    client->socket->send(frame);
  }
}

void Broadcast::send_to(const Client& client, std::string_view event, std::string_view payload,
                        bool versioned) {
  const auto version = versioned ? std::optional(versions_) : std::nullopt;
  const auto seq = versioned ? std::optional(last_seq_) : std::nullopt;
  client.socket->send(
      std::make_shared<const std::string>(rpc::event_frame(event, payload, seq, version)));
}

}  // namespace carapace::gateway

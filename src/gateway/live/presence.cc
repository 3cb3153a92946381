#include "gateway/live/presence.h"

#include <algorithm>

#include "base/clock.h"
#include "base/text.h"
#include "gateway/live/broadcast.h"
#include "rpc/json_text.h"

namespace carapace::gateway {
namespace {

using rpc::ObjectText;

std::string texts_json(const std::vector<std::string>& texts) {
  rpc::ArrayText out;
  for (const auto& text : texts) out.text(text);
  return out.take();
}

// Everything that does not change while the client stays; the closing brace is left to the reader.
std::string members_of(const Client& client) {
  const auto& caller = client.caller;
  ObjectText out;
  out.text("host", rpc::shown_name(caller.client));
  if (!client.local) out.text_unless_empty("ip", client.address);
  out.text("version", caller.client.version)
      .text("platform", caller.client.platform)
      .text_unless_empty("deviceFamily", caller.client.device_family)
      .text_unless_empty("modelIdentifier", caller.client.model_identifier)
      .text("mode", caller.client.mode)
      .text_unless_empty("deviceId", caller.device_id)
      .raw("roles", texts_json({caller.role}));
  if (!caller.scopes.empty()) out.raw("scopes", texts_json(caller.scopes));
  out.text_unless_empty("instanceId",
                        caller.device_id.empty() ? caller.client.instance_id : caller.device_id);
  auto text = out.take();
  text.pop_back();
  return text;
}

}  // namespace

std::string presence_key(const Client& client) {
  const auto& caller = client.caller;
  if (rpc::is_cli(caller.client)) return {};
  if (!caller.device_id.empty()) return to_lower(caller.device_id);
  return to_lower(caller.client.instance_id.empty() ? client.conn_id : caller.client.instance_id);
}

Presence::Presence(const Clock& clock, SelfInfo self, std::string version)
    : clock_(clock), self_(std::move(self)), version_(std::move(version)) {}

void Presence::connected(const Client& client) { put(client, true); }
void Presence::disconnected(const Client& client) { put(client, false); }

void Presence::put(const Client& client, bool live) {
  if (client.presence_key.empty()) return;
  std::erase_if(entries_, [&](const Entry& entry) { return entry.key == client.presence_key; });
  const auto where = client.local ? std::string() : fmt::format(" ({})", client.address);
  const auto& info = client.caller.client;
  entries_.insert(
      entries_.begin(),
      Entry{client.presence_key, members_of(client), live ? "connect" : "disconnect",
            fmt::format("Node: {}{} · mode {}", rpc::shown_name(info), where, info.mode),
            clock_.wall_ms(), live});
  if (entries_.size() > kPresenceEntries) entries_.resize(kPresenceEntries);
}

std::string Presence::entries_json() {
  const auto now = clock_.wall_ms();
  std::erase_if(entries_, [now](const Entry& entry) {
    return !entry.live && now - entry.at_ms > kPresenceTtlMs;
  });
  rpc::ArrayText out;
  const auto address = self_.ip.empty() ? std::string() : fmt::format(" ({})", self_.ip);
  out.raw(ObjectText()
              .text("host", self_.host)
              .text_unless_empty("ip", self_.ip)
              .text("version", version_)
              .text_unless_empty("platform", self_.platform)
              .text_unless_empty("deviceFamily", self_.device_family)
              .text_unless_empty("modelIdentifier", self_.model_identifier)
              .text("mode", "gateway")
              .text("reason", "self")
              .text("text", fmt::format("Gateway: {}{} · app {} · mode gateway · reason self",
                                        self_.host, address, version_))
              .number("ts", now)
              .take());
  for (const auto& entry : entries_) {
    auto text = entry.members;
    text.append(R"(,"reason":)").append(rpc::json_string(entry.reason));
    text.append(R"(,"ts":)").append(std::to_string(entry.at_ms));
    text.append(R"(,"text":)").append(rpc::json_string(entry.text));
    out.raw(text + "}");
  }
  return out.take();
}

}  // namespace carapace::gateway

// Who is there: one entry per client or device, newest first, and this gateway itself. Entries of
// clients that left age out after five minutes; at most 200 are kept. Owned by the gateway; loop
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gateway/settings.h"

namespace carapace {
class Clock;
}

namespace carapace::gateway {

struct Client;

inline constexpr std::int64_t kPresenceTtlMs = 300'000;
inline constexpr std::size_t kPresenceEntries = 200;

// Empty for clients that are not tracked (command lines come and go).
std::string presence_key(const Client& client);

class Presence {
 public:
  Presence(const Clock& clock, SelfInfo self, std::string version);

  void connected(const Client& client);
  void disconnected(const Client& client);
  // JSON text of the array, this gateway first.
  std::string entries_json();

 private:
  struct Entry {
    std::string key;
    std::string members;  // JSON members without reason, ts and text
    std::string reason, text;
    std::int64_t at_ms = 0;
    bool live = false;
  };
  void put(const Client& client, bool live);

  const Clock& clock_;
  SelfInfo self_;
  std::string version_;
  std::vector<Entry> entries_;  // newest first
};

// Fills what is empty from the operating system: host name, first address that is not loopback,
// kernel.
SelfInfo complete_self(SelfInfo given);

}  // namespace carapace::gateway

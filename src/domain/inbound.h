// The one value that everything that speaks to the gateway becomes: a chat message, a browser's
// send, an HTTP call, a webhook, a cron job. Made by channels and by the gateway's methods; read by
// dispatch. Value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "domain/ids.h"
#include "domain/label.h"
#include "domain/message.h"

namespace carapace {

struct Inbound {
  std::string channel;  // channel row id; "webchat" for the gateway's own clients
  std::string account = "default";
  std::string peer;       // who or where, in the channel's own ids
  std::string sender;     // who, as people are shown it; may be empty
  PrincipalId principal;  // whose authority the run has
  Label label;
  std::string session_key;  // as sent; empty lets routing decide
  std::string text;
  std::vector<ImageBlock> images;
  std::string dedupe_id;        // unique per (channel, account): a repeat is the same message
  RunId run;                    // empty: dispatch makes one
  std::string extra_system;     // appended to the system prompt of this run only
  std::string thinking;         // level name or empty
  std::int64_t timeout_ms = 0;  // ≤ 0: the configured one
  std::string model;            // provider/model for this run only; empty: the session's
};

}  // namespace carapace

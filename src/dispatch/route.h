// Where an inbound message belongs, and whether it may come in at all: a pure decision of the
// message and the limits. Called by the dispatcher before anything is written; it looks nothing up.
// Any thread.
#pragma once

#include "base/error.h"
#include "domain/inbound.h"
#include "domain/session_key.h"

namespace carapace::dispatch {

struct Destination {
  SessionKey key;
  AgentId agent;
};

struct RouteLimits {
  std::size_t max_text_bytes = 1 << 20;
  std::size_t max_images = 20;
  std::size_t max_image_base64 = 7 << 20;  // 5 MB decoded
};

// invalid_request: nothing was said, bad key, invalid UTF-8. too_large: over a limit (detail says
// which).
Result<Destination> route(const Inbound& inbound, const AgentId& default_agent,
                          const RouteLimits& limits = {});

}  // namespace carapace::dispatch

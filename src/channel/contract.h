// The contract of a chat channel: a row and up to four small parts. A part that is null means
// "cannot"; everybody asks once, at start. Vendor words end in the part's own file: above it there
// are only Inbound and Outgoing. Parts are opened from the row and owned by whoever opened them;
// they know no session and no model. Loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "async/stop.h"
#include "async/task.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "domain/inbound.h"
#include "domain/outgoing.h"
#include "net/client.h"

namespace carapace::channel {

// Brings messages in. Runs until asked to stop, through whatever the network does, and then answers
// success. Hands over each message and goes on only when it was accepted: a refused one is handed
// over again, with the same dedupe id. Ends with an error only when trying again is of no use.
class Ingress {
 public:
  virtual ~Ingress() = default;
  using Accept = std::function<Task<Status>(Inbound)>;
  virtual Task<Status> run(Accept accept, Stop stop) = 0;
};

// Carries replies out: one remote call a piece, of at most the row's `max_piece` characters. A
// receipt means that the far side has it. Errors say by their code whether to try again.
class Delivery {
 public:
  virtual ~Delivery() = default;
  virtual Task<Result<Receipt>> deliver(Outgoing piece) = 0;
};

// Shows an answer while it grows. Best effort: an update may be skipped when the next one is there.
class LiveEdit {
 public:
  virtual ~LiveEdit() = default;
  virtual void update(const std::string& peer, const RunId& run, std::string_view text_so_far) = 0;
};

// Shows that somebody is at work ("typing").
class Presence {
 public:
  virtual ~Presence() = default;
  virtual void working(const std::string& peer, bool on) = 0;
};

// What a channel may use. Outlives its parts.
struct Ports {
  net::Client& client;
  const Clock& clock;
  Random& random;
};

struct Parts {
  std::unique_ptr<Ingress> ingress;
  std::unique_ptr<Delivery> delivery;
  std::unique_ptr<LiveEdit> live_edit;
  std::unique_ptr<Presence> presence;
};

enum class Markup : std::uint8_t { plain, markdown };

struct Spec {
  std::string_view id = {};  // lower case, as in session keys
  std::string_view label = {};
  Markup markup = Markup::plain;
  std::size_t max_piece = 0;  // characters of one remote message; 0: unbounded
  // Its people are clients of the gateway: they send by RPC and read events.
  bool gateway_clients = false;
  Parts (*open)(const Ports& ports) = nullptr;
};

}  // namespace carapace::channel

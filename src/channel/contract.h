// The contract of a chat channel: a row and up to four small parts. A part that is null means
// "cannot"; everybody asks once, at start. Vendor words end in the part's own file: above it there
// are only Inbound and Outgoing. Loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "async/stop.h"
#include "async/task.h"
#include "base/error.h"
#include "domain/inbound.h"
#include "domain/outgoing.h"

namespace carapace::channel {

// Brings messages in. Runs until asked to stop; hands over each message and goes on only when it
// was accepted.
class Ingress {
 public:
  virtual ~Ingress() = default;
  using Accept = std::function<Task<Status>(Inbound)>;
  virtual Task<Status> run(Accept accept, Stop stop) = 0;
};

// Carries replies out: one remote call a piece. Errors say by their code whether to try again.
class Delivery {
 public:
  virtual ~Delivery() = default;
  virtual Task<Result<Receipt>> deliver(Outgoing piece) = 0;
};

// Shows an answer while it grows.
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
  bool gateway_clients =
      false;  // its people are clients of the gateway: they send by RPC and read events
  Parts (*open)() = nullptr;
};

}  // namespace carapace::channel

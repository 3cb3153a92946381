// Frames of protocol 3 (§1.2): requests in, responses and events out. Without I/O: text to values
// and values to text. Called by the gateway's connections; any thread.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/json_fwd.h"
#include "rpc/wire_error.h"

namespace carapace::rpc {

inline constexpr std::size_t kMaxFrameBytes = 512UL << 10U;
inline constexpr std::size_t kMaxDepth = 32;

struct RequestFrame {
  std::string id;
  std::string method;
  std::shared_ptr<const json::value> params;  // as sent; null when the frame had none
};

struct FrameProblem {
  bool not_json = false;  // ignored after the handshake, ends the connection before it
  std::string id_json;    // JSON text of the id to answer with: as sent, "invalid" without one
  WireError error;        // "invalid request frame: …"
};

std::expected<RequestFrame, FrameProblem> parse_request(std::string_view text);

// Is any value nested deeper than `levels`? Looks at brackets outside strings only; never fails.
bool deeper_than(std::string_view json, std::size_t levels);

// `payload` is JSON text; empty leaves the field out.
std::string response_ok(std::string_view id, std::string_view payload);
// A failed response may carry a payload as well.
std::string response_failed(std::string_view id, const WireError& error,
                            std::string_view payload = {});
std::string response_refused(const FrameProblem& problem);

struct StateVersion {
  std::int64_t presence = 1;
  std::int64_t health = 1;
};

// Targeted events have no `seq`; only presence and health events have `version`.
std::string event_frame(std::string_view event, std::string_view payload,
                        std::optional<std::int64_t> seq, std::optional<StateVersion> version);

}  // namespace carapace::rpc

// What a failed request tells its client: a code of protocol 3, a sentence, perhaps details. `Errc`
// stays the policy inside; this is its column for the wire. Values; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace carapace::rpc {

inline constexpr std::string_view kInvalidRequest = "INVALID_REQUEST";
inline constexpr std::string_view kUnavailable = "UNAVAILABLE";
inline constexpr std::string_view kNotPaired = "NOT_PAIRED";

struct WireError {
  std::string code;
  std::string message;
  std::string details;  // JSON text; empty: none
  bool operator==(const WireError&) const = default;
};

WireError invalid_request(std::string message);
WireError unavailable(std::string message);
// The detail becomes the message; of our own failures (`internal`) only that word is told.
WireError wire_error(const Error& error);

// {"code":…,"message":…,"details":…}. `retryable` and `retryAfterMs` are never set, as with the
// ancestor.
std::string to_json(const WireError& error);

}  // namespace carapace::rpc

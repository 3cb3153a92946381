// The values that a person may set for a session (protocol §2.2, sessions.patch), with the
// ancestor's aliases and its words for what is none. Pure.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/json_fwd.h"
#include "store/sessions.h"

namespace carapace::gateway {

// The store's patch for what the client sent for the session with this key, but for `model`, which
// needs the router. The error is a sentence.
std::expected<store::SessionPatch, std::string> read_session_patch(const json::object& arguments,
                                                                   const SessionKey& key);

}  // namespace carapace::gateway

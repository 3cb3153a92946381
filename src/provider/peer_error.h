// What a provider's failure means to us: status, words of the body and headers become one Error.
// The tables here are the only place that knows such words; they name no vendor. Error.code says
// whether a retry may help and Error.retry_after_ms when; kNeverRetry says that it will not
// although the code of that kind usually does. Pure; any thread. (Provider specification A.0, cases
// O11–O13, A01–A03, A12.)
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json_fwd.h"
#include "net/http.h"

namespace carapace::provider {

// The peer asked not to be called again for the same request.
inline constexpr std::int64_t kNeverRetry = std::numeric_limits<std::int32_t>::max();

// For a reply with an HTTP status that is no success. `wall_ms` is now, for dates in headers.
Error error_from_reply(int status, const net::Headers& headers, std::string_view body,
                       std::int64_t wall_ms);

// An error that came as data after status 200. nullopt when the object holds none (`error: null` is
// none).
std::optional<Error> error_from_event(const json::object& event);

// A page instead of an answer (captive portal, edge): status and the page's title, never its text.
Error error_from_page(int status, std::string_view html);

// Milliseconds from retry-after-ms, retry-after (seconds or HTTP date); -1 when absent, past or
// absurd.
std::int64_t retry_after_ms(const net::Headers& headers, std::int64_t wall_ms);

// Do these words say that the prompt does not fit into the model's window?
bool says_overflow(std::string_view text);

// Do these words say that the model, or the server as it was started, takes no tools?
bool says_no_tools(std::string_view text);

// The provider's id of this call, for its support; empty when it gave none.
std::string request_id(const net::Headers& headers);

// Every occurrence of the key becomes ***, other secrets are masked; text is cut to 2 KiB and freed
// of control characters.
std::string scrub(std::string_view text, std::string_view key);

}  // namespace carapace::provider

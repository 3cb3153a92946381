// The host of a URL in the one spelling that is judged and called: percent-decoded, lower case,
// full-width letters folded, international labels as xn-- (RFC 3492), no trailing dot. A small part
// of IDNA: letters that need more mapping stay as they are and simply resolve to nothing. Pure; any
// thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace carapace::net {

// invalid_request: empty, an empty label, bad UTF-8, a character no host may have, over 253 bytes.
// Names only: brackets of IPv6 are the caller's.
Result<std::string> normalise_host(std::string_view raw);

}  // namespace carapace::net

// The libraries that talk to the outside, for messages to people.
#pragma once

#include <string>

#include "base/error.h"

namespace carapace::net {

std::string tls_version();  // of OpenSSL: "3.5.1"
// Loads the library when nobody has done so. unavailable: it is missing, and no model on the net
// can be called.
Result<std::string> http_version();

}  // namespace carapace::net

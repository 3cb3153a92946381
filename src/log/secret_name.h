// What the name of a value says about it. Inside log/ only; `is_secret_name` itself stands in
// redact.h.
#pragma once

#include <string_view>

namespace carapace::log {

// Ends in "key" without being a public key: then a long value is taken for a secret.
bool is_key_name(std::string_view key);
// A header whose value is secret up to the end of the line.
bool is_secret_header(std::string_view key);

}  // namespace carapace::log

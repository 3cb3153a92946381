// Removes secrets from text before it is shown or written: key shapes of vendors, bearer headers,
// private key blocks, `name=value` and JSON pairs whose name says secret. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace carapace::log {

// Masks as `abcdef…wxyz` (first 6, last 4) from 18 characters on, else `***`.
std::string redact(std::string_view text);
// Does a key name say that its value is secret? (apiKey, token, password, …; not `maxTokens`.)
bool is_secret_name(std::string_view key);

}  // namespace carapace::log

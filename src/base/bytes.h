// Text forms of bytes: hex, base64, base64url. Decoders are strict (alphabet, length, padding) and
// answer nullopt for anything else. Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace carapace {

std::string to_hex(std::string_view bytes);  // lower case
std::optional<std::string> from_hex(std::string_view text);

std::string to_base64(std::string_view bytes);     // padded, standard alphabet
std::string to_base64url(std::string_view bytes);  // no padding

// Standard alphabet, length a multiple of four, padding only at the end.
std::optional<std::string> from_base64(std::string_view text);
// Either alphabet, padding optional: what devices send for keys and signatures.
std::optional<std::string> from_base64_any(std::string_view text);

}  // namespace carapace

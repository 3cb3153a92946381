// Verifies Ed25519 signatures: device identity at connect (protocol §1.7). Pure; any thread.
#pragma once

#include <string_view>

namespace carapace::secret {

// `key` is the 32 raw bytes of the public key, `signature` 64 raw bytes. Anything else is false.
bool ed25519_verify(std::string_view key, std::string_view message, std::string_view signature);

}  // namespace carapace::secret

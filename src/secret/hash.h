// SHA-256 and a comparison that tells a listener nothing. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace carapace::secret {

std::string sha256(std::string_view bytes);      // 32 raw bytes
std::string sha256_hex(std::string_view bytes);  // 64 lower-case characters

// Takes the same time for any two inputs of the same lengths: both sides are hashed and the hashes
// are compared, so neither the first difference nor a difference in length shortens it.
bool constant_time_equal(std::string_view a, std::string_view b);

}  // namespace carapace::secret

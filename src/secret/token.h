// Random tokens, and the gateway's own token file. Blocks on the disk: at start and in commands
// only.
#pragma once

#include <string>

#include "base/error.h"
#include "base/random.h"
#include "secret/sealed.h"

namespace carapace::secret {

Sealed random_token(Random& random);  // 32 random bytes as 64 hex characters

inline constexpr const char* kGatewayTokenFile = "gateway.token";  // below the state directory

// The token in the file, without white space around it. A file that others may read is made private
// (0600) first. `not_found` when there is no file or nothing in it.
Result<Sealed> load_token(const std::string& path);
// The same, but creates the file (0600) with a new token when there is none. Two processes that do
// so at once end with the same token.
Result<Sealed> load_or_create_token(const std::string& path, Random& random);

}  // namespace carapace::secret

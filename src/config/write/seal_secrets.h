// Secrets that somebody gives in the clear are encrypted before they reach the disk, when this
// installation has a password for that. Blocks (a key derivation). Inside config/write/ only.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"
#include "base/random.h"
#include "config/key_path.h"
#include "config/schema.h"

namespace carapace::secret {
class Envelopes;
}

namespace carapace::config {

struct SealRules {
  const Schema& schema;
  secret::Envelopes* envelopes = nullptr;  // null: locked, as without a password
  Random& random;
};

struct SealedText {
  std::string text;
  std::vector<std::pair<KeyPath, std::string>>
      envelopes;  // what stands now instead of a plain text
};

// `text` with every new literal secret sealed. What stood in `before` (the merged tree, references
// as written) stays as it was: plain text that has not changed, and the envelope of a secret that
// is given again. forbidden when an envelope would be replaced and cannot be opened.
Result<SealedText> seal_secrets(std::string_view text, const json::value& before,
                                const SealRules& rules);

}  // namespace carapace::config

// Servers that cut text by UTF-16 unit send half a character at the end of one delta and the other
// half at the start of the next, as lone surrogate escapes, which a JSON parser refuses. Here such
// halves survive parsing as private marks, and are joined per block. Used by the stream readers of
// every wire. No I/O; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json_fwd.h"

namespace carapace::provider {

// JSON text whose lone surrogate escapes are replaced by marks (code points of the last private
// plane); nullopt when it holds none.
std::optional<std::string> mark_surrogates(std::string_view text);

// One event of a provider as JSON. `marked` tells SurrogateCarry whether strings may hold marks.
// Bad UTF-8 becomes U+FFFD. unavailable when it is no JSON: the peer is broken, not the request.
Result<json::value> parse_event(std::string_view text, bool& marked);

// Puts the halves of one block together. Answers are valid UTF-8; a half that stays alone is
// U+FFFD.
class SurrogateCarry {
 public:
  std::string take(std::string_view delta, bool marked);
  std::string finish();  // what is still pending at the end of the block

 private:
  std::uint32_t pending_ = 0;  // a high surrogate, 0: none
};

}  // namespace carapace::provider

// The list of models that a server serves, as the compatible wires have it: `{"data":[…]}`, or the
// bare list. One reader for all of them.
#pragma once

#include <string_view>
#include <vector>

#include "provider/spec.h"
#include "provider/transport.h"

namespace carapace::providers {

// unavailable when the text holds no list. Rows without an id are left out; numbers that the server
// does not tell are 0.
Result<std::vector<provider::ModelInfo>> read_model_list(std::string_view text,
                                                         std::string_view provider);

// Asks with `call`, whose method becomes GET. Errors of the call as in fetch_text.
Task<Result<std::vector<provider::ModelInfo>>> ask_model_list(provider::Ports ports,
                                                              provider::PeerCall call,
                                                              std::string provider);

}  // namespace carapace::providers

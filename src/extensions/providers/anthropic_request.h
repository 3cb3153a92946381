// Our request as the JSON body of the Messages API. Pure; any thread. (Provider specification §0,
// A.1.)
#pragma once

#include <string>

#include "provider/contract.h"
#include "provider/spec.h"

namespace carapace::providers {

struct MessagesOptions {
  bool cache = false;        // mark the stable parts for the prompt cache
  bool no_thinking = false;  // neither ask for it nor replay it: what is left after a refusal
};

std::string messages_body(const provider::Request& request, const provider::Settings& settings,
                          const MessagesOptions& options);

}  // namespace carapace::providers

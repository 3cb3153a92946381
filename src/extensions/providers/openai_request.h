// Our request as the JSON body of a chat completion. Pure; any thread. (Provider specification A.2,
// A.8.)
#pragma once

#include <string>

#include "provider/contract.h"
#include "provider/spec.h"

namespace carapace::providers {

// What a server was found not to accept; learned from its refusals, remembered for the instance.
struct ChatRefusals {
  bool stream_usage = false;
  bool reasoning = false;
  bool max_tokens_field = false;  // wants the other spelling
  bool tools = false;
  bool operator==(const ChatRefusals&) const = default;
};

std::string chat_body(const provider::Request& request, const provider::Settings& settings,
                      const ChatRefusals& refused);

// Adds what this refusal names; false when it names nothing that can be left out.
bool learn_refusal(const Error& error, ChatRefusals& refused);

}  // namespace carapace::providers

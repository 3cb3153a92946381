// What a chat completion call asks for, in our own words: which agent, which session, what was said
// before and what is to be answered (protocol §4.3). Pure.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.h"
#include "domain/message.h"
#include "net/http.h"

namespace carapace::gateway {

struct CompletionRequest {
  std::string model = "carapace";  // as sent: echoed
  std::string agent;               // empty: the default
  std::string session_key;         // from the header, verbatim; empty: made from user, or fresh
  std::string user;
  std::string system;              // system and developer messages
  std::string text;                // earlier messages as a block, then the one to answer
  std::vector<ImageBlock> images;  // data URLs of the message to answer
  bool stream = false;
  bool stream_usage = false;
};

// The error is a sentence for a 400 answer.
std::expected<CompletionRequest, std::string> read_completion(const json::object& body,
                                                              const net::Headers& headers);

// `carapace:x`, `moltbot/x`, `agent:x`, … name an agent; other names do not.
std::string agent_in_model(std::string_view model);
// Is it one of the names that mean "whatever this gateway answers with"?
bool is_gateway_model(std::string_view model);

}  // namespace carapace::gateway

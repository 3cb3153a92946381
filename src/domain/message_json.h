// The stored and shown JSON of a message (agent specification §2.7), both ways. One codec for the
// transcript table and `chat.history`. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json_fwd.h"
#include "domain/message.h"

namespace carapace {

// {role, content:[…], timestamp, api?, provider?, model?, usage?, stopReason?, …}; label, principal
// and run are columns of the store and not part of it.
json::object message_to_json(const Message& message);
Result<Message> message_from_json(const json::object& object);

}  // namespace carapace

// Tool calls as models really write them: broken argument text, decorated names. Mended only where
// there is one possible reading; everything else is handed on as malformed, so that the model is
// told and nothing runs with guessed arguments. Pure; any thread. (Provider cases O05, O06, O16,
// A05.)
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "domain/message.h"
#include "provider/contract.h"

namespace carapace::provider {

struct Arguments {
  std::string text;  // JSON text of an object, or the raw text when malformed
  bool malformed = false;
};

// `raw`: all fragments of one call, concatenated. Nothing, `null` and `{}` mean an empty object.
Arguments read_arguments(std::string_view raw);

// Is the text one whole JSON object as it stands?
bool is_json_object(std::string_view text);

// What goes back to a provider in a later request: always JSON text of an object.
std::string replay_arguments(const ToolCall& call);

// The name without wrappers that models put around it ("functions.", channel tags). A name that is
// offered is never changed.
std::string clean_tool_name(std::string_view name, std::span<const ToolDefinition> tools);

}  // namespace carapace::provider

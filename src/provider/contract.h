// The contract of an LLM provider: one verb, `complete`. The returned Completion is the truth;
// events are for show. Refusals, stops and tool calls are values; Result's error says that the
// world failed. A provider holds no conversation. Implementations live in extensions/providers;
// decorators (retry, budget, record) implement the same interface and are stacked in app/. Loop
// thread only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "async/stop.h"
#include "async/task.h"
#include "base/error.h"
#include "domain/message.h"

namespace carapace::provider {

struct ToolDefinition {
  std::string name;  // [a-zA-Z0-9_-]{1,64}
  std::string description;
  std::string schema;  // JSON text, root type object
};

enum class Thinking : std::uint8_t { off, minimal, low, medium, high, xhigh };

struct Request {
  std::string model;              // without the provider part
  std::string system;             // one text; the stable part first, so that prompt caches hit
  std::vector<Message> messages;  // already repaired (provider/hygiene.h)
  std::vector<ToolDefinition> tools;
  std::int64_t max_output_tokens = 8192;
  std::int64_t context_window = 200'000;
  Thinking thinking = Thinking::off;
};

struct Completion {
  std::vector<Block> blocks;  // text, thinking and tool calls in order
  Usage usage;
  StopReason stop = StopReason::stop;
  bool paused = false;           // the provider wants to be asked again with this answer behind it
  std::string model;             // as the provider names what answered
  std::string request_id;        // the provider's, for its support; may be empty
  std::int64_t cost_micros = 0;  // filled by the budget decorator
};

// Deltas of the answer while it grows. Called on the loop; must not suspend.
class EventSink {
 public:
  virtual ~EventSink() = default;
  // The answer began, perhaps with something that is not shown: from here on it is billed. Once for
  // each call, before the first delta; providers that bill nobody may leave it out.
  virtual void on_begin() = 0;
  virtual void on_text(std::string_view delta) = 0;
  virtual void on_thinking(std::string_view delta) = 0;
};

struct CallContext {
  RunId run;
  PrincipalId principal;
  std::string session_key;
  Stop stop;
};

class Provider {
 public:
  virtual ~Provider() = default;
  // Errors: invalid_request (the request was refused; detail has the provider's words),
  // unauthorized, forbidden, not_found (model), too_large (context overflow), rate_limited and
  // unavailable and timeout (retryable), budget_exceeded (cap, or the account has no credit),
  // cancelled (context.stop).
  virtual Task<Result<Completion>> complete(const Request& request, EventSink& events,
                                            const CallContext& context) = 0;
};

}  // namespace carapace::provider

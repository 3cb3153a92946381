// session_status: which conversation this is, which model answers, what it holds, what time it is.
#include <utility>

#include "async/coro.h"
#include "base/json.h"
#include "base/time_text.h"
#include "extensions/tools/arguments.h"
#include "extensions/tools/builtin.h"
#include "store/sessions.h"

namespace carapace::tools {
namespace {

class SessionStatus final : public tool::Tool {
 public:
  SessionStatus(store::Sessions& sessions, const Clock& clock)
      : sessions_(sessions), clock_(clock) {}

  Task<tool::Outcome> call(const ToolCall&, const tool::Context& context) override {
    const auto session = co_await sessions_.find(context.session, context.principal);
    if (!session) co_return failed("The session could not be read: " + session.error().detail);
    json::object out{{"now", iso8601(clock_.wall_ms())},
                     {"sessionKey", context.session.value},
                     {"model", context.model}};
    if (*session) {
      const auto& row = **session;
      out["sessionId"] = row.id.value;
      out["startedAt"] = iso8601(row.created_ms);
      out["contextTokensUsed"] = row.last_usage.prompt();
      out["contextTokens"] = row.context_tokens;
      if (!row.label.empty()) out["label"] = row.label;
      if (!row.thinking_level.empty()) out["thinking"] = row.thinking_level;
    }
    co_return answered(std::move(out));
  }

 private:
  store::Sessions& sessions_;
  const Clock& clock_;
};

}  // namespace

extern const tool::Spec session_status_spec;
constinit const tool::Spec session_status_spec{
    .name = "session_status",
    .summary = "current date and time, model and context use of this conversation",
    .description =
        "Tells the current date and time (UTC), the model, and how much of the context this "
        "conversation uses.",
    .schema = R"({"type":"object","properties":{}})",
    .reads_personal = true,
    .idempotent = true,
    .make = +[](const tool::Ports& ports) -> std::unique_ptr<tool::Tool> {
      return std::make_unique<SessionStatus>(ports.sessions, ports.clock);
    },
};

}  // namespace carapace::tools

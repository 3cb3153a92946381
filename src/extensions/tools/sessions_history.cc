// sessions_history: what was said in one of the person's conversations.
#include <fmt/format.h>

#include <utility>

#include "async/coro.h"
#include "base/json.h"
#include "base/text.h"
#include "extensions/tools/arguments.h"
#include "extensions/tools/builtin.h"
#include "store/sessions.h"
#include "store/transcripts.h"

namespace carapace::tools {
namespace {

constexpr std::size_t kMaxTextBytes = 2'000;  // of one message
constexpr std::size_t kMaxTotalBytes = 40'000;

class SessionsHistory final : public tool::Tool {
 public:
  SessionsHistory(store::Sessions& sessions, store::Transcripts& transcripts)
      : sessions_(sessions), transcripts_(transcripts) {}

  Task<tool::Outcome> call(const ToolCall& call, const tool::Context& context) override {
    const Arguments arguments(call);
    const auto wanted = arguments.text("sessionKey");
    const auto key =
        wanted.empty() ? std::optional(context.session) : canonical_key(wanted, context.agent);
    if (!key) co_return failed("sessionKey is not a session key; sessions_list shows the keys.");
    const auto session = co_await sessions_.find(*key, context.principal);
    if (!session) co_return failed("The session could not be read: " + session.error().detail);
    if (!*session) co_return failed(fmt::format("There is no session '{}'.", key->value));
    const auto messages =
        co_await transcripts_.tail((*session)->id, arguments.number("limit", 50, 1, 500));
    if (!messages) co_return failed("The transcript could not be read: " + messages.error().detail);
    co_return shown(*messages);
  }

 private:
  static tool::Outcome shown(const std::vector<store::StoredMessage>& messages) {
    json::array list;
    std::size_t total = 0;
    // What was read keeps the label it had when it was first heard: history launders nothing.
    Label label{Integrity::owner, Confidentiality::open};
    for (auto it = messages.rbegin(); it != messages.rend() && total < kMaxTotalBytes; ++it) {
      const auto text = words_of(it->message);
      total += text.size();
      label = join(label, it->message.label);
      list.insert(list.begin(), json::object{{"seq", it->seq},
                                             {"role", to_text(it->message.role)},
                                             {"at", it->message.at_ms},
                                             {"text", truncate_utf8(text, kMaxTextBytes)}});
    }
    auto outcome = answered(json::object{{"count", list.size()}, {"messages", std::move(list)}});
    outcome.label = label;
    return outcome;
  }

  static std::string words_of(const Message& message) {
    std::string text = text_of(message);
    for (const auto& block : message.blocks) {
      if (const auto* result = std::get_if<ToolResult>(&block)) text += result->text;
      if (const auto* used = std::get_if<ToolCall>(&block))
        text += fmt::format("[called {}]", used->name);
    }
    return text;
  }

  store::Sessions& sessions_;
  store::Transcripts& transcripts_;
};

}  // namespace

extern const tool::Spec sessions_history_spec;
constinit const tool::Spec sessions_history_spec{
    .name = "sessions_history",
    .summary = "read the messages of a conversation",
    .description =
        "Reads the last messages of one of the person's conversations (default: this one).",
    .schema = R"({"type":"object","properties":{"sessionKey":{"type":"string"},)"
              R"("limit":{"type":"integer","minimum":1,"maximum":500}}})",
    .reads_personal = true,
    .idempotent = true,
    .make = +[](const tool::Ports& ports) -> std::unique_ptr<tool::Tool> {
      return std::make_unique<SessionsHistory>(ports.sessions, ports.transcripts);
    },
};

}  // namespace carapace::tools

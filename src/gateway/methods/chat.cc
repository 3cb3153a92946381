// chat.history, chat.abort, chat.inject: reading a conversation, stopping its answer, adding to it
// by hand.

#include "async/coro.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "dispatch/door.h"
#include "gateway/face.h"
#include "gateway/method_row.h"
#include "rpc/json_text.h"
#include "store/runs.h"
#include "store/sessions.h"
#include "store/transcripts.h"

namespace carapace::gateway::methods {
namespace {

using rpc::ObjectText;
using rpc::ParamType;

constexpr std::int64_t kDefaultMessages = 200;
constexpr std::int64_t kHistoryBytes = 6LL << 20U;

constexpr rpc::ParamRow kHistory[] = {
    {.name = "sessionKey", .required = true, .min = 1},
    {.name = "limit", .type = ParamType::integer, .min = 1, .max = 1000},
};
constexpr rpc::ParamRow kAbort[] = {
    {.name = "sessionKey", .required = true, .min = 1},
    {.name = "runId", .min = 1},
};
constexpr rpc::ParamRow kInject[] = {
    {.name = "sessionKey", .required = true, .min = 1},
    {.name = "message", .required = true, .min = 1},
    {.name = "label", .max = 100},
};

std::optional<SessionKey> key_of(const Call& call) {
  return canonical_key(string_or(call.arguments(), "sessionKey", ""),
                       call.face->settings.default_agent);
}

// The messages go from the store's rows into the frame as the text that they are.
Task<Reply> history(Call call) {
  ObjectText out;
  out.text("sessionKey", string_or(call.arguments(), "sessionKey", ""));
  const auto key = key_of(call);
  auto session = key ? co_await call.face->ports.sessions.find(*key, call.principal())
                     : Result<std::optional<store::SessionRow>>(std::nullopt);
  if (!session) co_return failed(session.error());
  if (!*session) co_return answered(out.raw("messages", "[]").text("thinkingLevel", "off").take());
  const auto& row = **session;
  const auto limit = find_int(call.arguments(), "limit").value_or(kDefaultMessages);
  const auto texts = co_await call.face->ports.transcripts.tail_json(row.id, limit, kHistoryBytes);
  if (!texts) co_return failed(texts.error());
  rpc::ArrayText messages;
  for (const auto& text : *texts) messages.raw(text);
  co_return answered(
      out.text("sessionId", row.id.value)
          .raw("messages", messages.take())
          .text("thinkingLevel", row.thinking_level.empty() ? "off" : row.thinking_level)
          .take());
}

Task<Reply> abort(Call call) {
  const auto key = key_of(call);
  if (!key) co_return answered(R"({"ok":true,"aborted":false,"runIds":[]})");
  const RunId run(string_or(call.arguments(), "runId", ""));
  if (!run.empty()) {
    const auto known = co_await call.face->ports.runs.find(run);
    if (!known) co_return failed(known.error());
    const bool visible = *known && (*known)->principal == call.principal();
    if (visible && (*known)->ended_ms == 0 && (*known)->key != *key)
      co_return refused("runId does not match sessionKey");
  }
  const auto session = co_await call.face->ports.sessions.find(*key, call.principal());
  if (!session) co_return failed(session.error());
  std::vector<RunId> stopped;
  if (*session) stopped = call.face->ports.door.abort(*key, run, "rpc");
  rpc::ArrayText ids;
  for (const auto& one : stopped) ids.text(one.value);
  co_return answered(ObjectText()
                         .boolean("ok", true)
                         .boolean("aborted", !stopped.empty())
                         .raw("runIds", ids.take())
                         .take());
}

std::string injected_event(const std::string& id, const std::string& raw_key,
                           const std::string& text, std::int64_t at_ms) {
  const auto message =
      fmt::format(R"({{"role":"assistant","content":[{{"type":"text","text":{}}}],"timestamp":{},)"
                  R"("stopReason":"injected","usage":{{"input":0,"output":0,"totalTokens":0}}}})",
                  rpc::json_string(text), at_ms);
  return ObjectText()
      .text("runId", "inject-" + id)
      .text("sessionKey", raw_key)
      .number("seq", 0)
      .text("state", "final")
      .raw("message", message)
      .take();
}

Task<Reply> inject(Call call) {
  const auto& arguments = call.arguments();
  const auto key = key_of(call);
  if (!key) co_return refused("session not found");
  const auto session = co_await call.face->ports.sessions.find(*key, call.principal());
  if (!session) co_return failed(session.error());
  if (!*session) co_return refused("session not found");
  const auto label = string_or(arguments, "label", "");
  const auto text =
      (label.empty() ? "" : "[" + label + "]\n\n") + string_or(arguments, "message", "");
  Message message;
  message.role = Role::assistant;
  message.blocks = {TextBlock{text}};
  message.at_ms = call.face->ports.clock.wall_ms();
  message.principal = call.principal();
  message.origin.emplace();
  message.origin->stop = StopReason::injected;
  const auto at_ms = message.at_ms;
  const auto appended =
      co_await call.face->ports.transcripts.append((*session)->id, std::move(message));
  if (!appended) co_return failed(appended.error());
  const auto id = random_hex(call.face->ports.random, 4);
  call.face->broadcast.publish(
      "chat", injected_event(id, string_or(arguments, "sessionKey", ""), text, at_ms),
      {.principal = call.principal()});
  co_return answered(ObjectText().boolean("ok", true).text("messageId", id).take());
}

constexpr MethodRow kRows[] = {
    {.name = "chat.history", .authority = Authority::read, .params = {kHistory}, .work = history},
    {.name = "chat.abort", .authority = Authority::write, .params = {kAbort}, .work = abort},
    {.name = "chat.inject",
     .authority = Authority::admin,
     .params = {kInject},
     .advertised = false,
     .work = inject},
};

}  // namespace

extern const std::span<const MethodRow> chat;
constinit const std::span<const MethodRow> chat{kRows};

}  // namespace carapace::gateway::methods

// chat.send: a message from a client of the gateway goes through the door. The answer says that it
// was accepted – which means it is on disk – and the rest comes as events.

#include <algorithm>
#include <array>

#include "async/coro.h"
#include "base/json.h"
#include "base/text.h"
#include "dispatch/door.h"
#include "gateway/attachments.h"
#include "gateway/face.h"
#include "gateway/method_row.h"
#include "rpc/json_text.h"
#include "store/sessions.h"

namespace carapace::gateway::methods {
namespace {

using rpc::ObjectText;
using rpc::ParamType;

constexpr rpc::ParamRow kSend[] = {
    {.name = "sessionKey", .required = true, .min = 1},
    {.name = "message", .required = true},
    {.name = "thinking"},
    {.name = "deliver", .type = ParamType::boolean},
    {.name = "attachments", .type = ParamType::list},
    {.name = "timeoutMs", .type = ParamType::integer, .min = 0},
    {.name = "idempotencyKey", .required = true, .min = 1, .max = 512},
};

constexpr std::array<std::string_view, 7> kStopWords{"/stop", "stop", "esc",      "abort",
                                                     "wait",  "exit", "interrupt"};

bool is_stop_command(std::string_view message) {
  const auto word = to_lower(trim(message));
  return std::ranges::find(kStopWords, word) != kStopWords.end();
}

Reply stopped(const std::vector<RunId>& runs) {
  rpc::ArrayText ids;
  for (const auto& run : runs) ids.text(run.value);
  return answered(ObjectText()
                      .boolean("ok", true)
                      .boolean("aborted", !runs.empty())
                      .raw("runIds", ids.take())
                      .take());
}

Reply accepted(const dispatch::Acceptance& acceptance) {
  using State = dispatch::Acceptance::State;
  const auto& run = acceptance.run;
  const auto status = [&run](std::string_view text) {
    return ObjectText().text("runId", run.id.value).text("status", text);
  };
  if (acceptance.state == State::started) return answered(status("started").take());
  if (acceptance.state == State::in_flight) return answered(status("in_flight").take());
  if (run.state != store::RunState::failed && run.state != store::RunState::interrupted)
    return answered(status("ok").take());
  return {status("error").text("summary", run.error).take(), rpc::unavailable(run.error)};
}

Inbound inbound_of(const Call& call, std::vector<ImageBlock> images) {
  const auto& arguments = call.arguments();
  Inbound out;
  out.channel = "webchat";
  out.peer = call.client->caller.client.id;
  out.sender = call.client->caller.client.display_name;
  out.principal = call.principal();
  out.session_key = string_or(arguments, "sessionKey", "");
  out.text = string_or(arguments, "message", "");
  out.images = std::move(images);
  out.run = RunId(string_or(arguments, "idempotencyKey", ""));
  out.dedupe_id = out.run.value;
  out.thinking = std::string(trim(string_or(arguments, "thinking", "")));
  out.timeout_ms = find_int(arguments, "timeoutMs").value_or(0);
  return out;
}

Task<Reply> send(Call call) {
  const auto& arguments = call.arguments();
  const auto* list = find_array(arguments, "attachments");
  const auto message = string_or(arguments, "message", "");
  if (trim(message).empty() && (!list || usable_attachments(*list) == 0))
    co_return refused("message or attachment required");
  std::vector<ImageBlock> images;
  if (list) {
    auto read = read_attachments(*list);
    if (!read) co_return refused("Error: " + read.error());
    images = std::move(*read);
  }
  const auto key =
      canonical_key(string_or(arguments, "sessionKey", ""), call.face->settings.default_agent);
  if (!key) co_return refused("invalid session key");
  const auto session = co_await call.face->ports.sessions.find(*key, call.principal());
  if (!session) co_return failed(session.error());
  if (*session && (*session)->send_policy == "deny")
    co_return refused("send blocked by session policy");
  if (is_stop_command(message)) {
    // Only one's own conversation can be stopped: what is not visible has nothing to stop.
    co_return stopped(*session ? call.face->ports.door.abort(*key, RunId(), "stop")
                               : std::vector<RunId>());
  }
  const auto acceptance =
      co_await call.face->ports.door.submit(inbound_of(call, std::move(images)));
  if (!acceptance) co_return failed(acceptance.error());
  co_return accepted(*acceptance);
}

constexpr MethodRow kRows[] = {
    {.name = "chat.send", .authority = Authority::write, .params = {kSend}, .work = send},
};

}  // namespace

extern const std::span<const MethodRow> chat_send;
constinit const std::span<const MethodRow> chat_send{kRows};

}  // namespace carapace::gateway::methods

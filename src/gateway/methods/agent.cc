// agent and agent.wait: a run that is answered twice – accepted, then done – and waiting for one.

#include <algorithm>
#include <chrono>

#include "async/coro.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "dispatch/door.h"
#include "gateway/attachments.h"
#include "gateway/face.h"
#include "gateway/method_row.h"
#include "rpc/json_text.h"
#include "store/runs.h"
#include "store/sessions.h"

namespace carapace::gateway::methods {
namespace {

using rpc::ObjectText;
using rpc::ParamType;

constexpr std::int64_t kWaitMs = 30'000;
constexpr std::int64_t kLongestMs = 24LL * 3'600'000;
constexpr std::chrono::milliseconds kLookAgain{50};  // for a run that is not there yet

constexpr rpc::ParamRow kAgent[] = {
    {.name = "message", .required = true, .min = 1},
    {.name = "agentId", .min = 1},
    {.name = "to"},
    {.name = "replyTo"},
    {.name = "sessionId"},
    {.name = "sessionKey"},
    {.name = "thinking"},
    {.name = "deliver", .type = ParamType::boolean},
    {.name = "attachments", .type = ParamType::list},
    {.name = "channel"},
    {.name = "replyChannel"},
    {.name = "accountId"},
    {.name = "replyAccountId"},
    {.name = "threadId"},
    {.name = "groupId"},
    {.name = "groupChannel"},
    {.name = "groupSpace"},
    {.name = "timeout", .type = ParamType::integer, .min = 0},
    {.name = "lane"},
    {.name = "extraSystemPrompt"},
    {.name = "idempotencyKey", .required = true, .min = 1, .max = 512},
    {.name = "label", .min = 1, .max = 64},
    {.name = "spawnedBy"},
};
constexpr rpc::ParamRow kWait[] = {
    {.name = "runId", .required = true, .min = 1},
    {.name = "timeoutMs", .type = ParamType::integer, .min = 0},
};

Reply accepted(const RunId& run, std::int64_t at_ms) {
  return answered(ObjectText()
                      .text("runId", run.value)
                      .text("status", "accepted")
                      .number("acceptedAt", at_ms)
                      .take());
}

Reply finished(const RunId& run, const store::RunRow& row, const dispatch::Outcome& outcome) {
  const bool ended_well =
      outcome.state == store::RunState::done || outcome.state == store::RunState::aborted;
  if (!ended_well) {
    const auto summary = outcome.error.empty() ? std::string("the run failed") : outcome.error;
    return {ObjectText()
                .text("runId", run.value)
                .text("status", "error")
                .text("summary", summary)
                .take(),
            rpc::unavailable(summary)};
  }
  rpc::ArrayText payloads;
  if (!outcome.text.empty())
    payloads.raw(ObjectText().text("text", outcome.text).raw("mediaUrl", "null").take());
  const auto usage = ObjectText()
                         .number("input", outcome.usage.input)
                         .number("output", outcome.usage.output)
                         .number("cacheRead", outcome.usage.cache_read)
                         .number("cacheWrite", outcome.usage.cache_write)
                         .number("total", outcome.usage.total())
                         .take();
  ObjectText agent;
  agent.text("sessionId", row.session.value)
      .text("provider", outcome.provider)
      .text("model", outcome.model);
  ObjectText meta;
  meta.number("durationMs", std::max<std::int64_t>(0, outcome.ended_ms - outcome.started_ms))
      .raw("agentMeta", agent.raw("usage", usage).take());
  meta.boolean("aborted", outcome.state == store::RunState::aborted);
  return answered(
      ObjectText()
          .text("runId", run.value)
          .text("status", "ok")
          .text("summary", "completed")
          .raw("result",
               ObjectText().raw("payloads", payloads.take()).raw("meta", meta.take()).take())
          .take());
}

// Names that do not fit together are refused before anything is accepted.
std::optional<std::string> judge_target(const Call& call) {
  const auto& arguments = call.arguments();
  for (const auto name : {"channel", "replyChannel"}) {
    const auto channel = to_lower(trim(string_or(arguments, name, "")));
    if (channel.empty() || channel == "last" || channel == "webchat") continue;
    // Clients name the channel they were born with even when the answer only comes back to them.
    if (std::ranges::find(call.face->settings.known_channels, channel) ==
        call.face->settings.known_channels.end())
      return "invalid agent params: unknown channel: " + channel;
    if (find_bool(arguments, "deliver").value_or(false))
      return "channel " + channel + " is not connected here, so nothing can be delivered to it";
  }
  const auto asked = std::string(trim(string_or(arguments, "agentId", "")));
  if (asked.empty()) return std::nullopt;
  const auto id = agent_slug(asked);
  if (!call.face->find_agent(id))
    return fmt::format("invalid agent params: unknown agent id \"{}\"", asked);
  const auto key = trim(find_string(arguments, "sessionKey").value_or(""));
  if (key.empty()) return std::nullopt;
  const auto canonical = canonical_key(key, call.face->settings.default_agent);
  const auto parts = canonical ? parse_session_key(canonical->value) : std::nullopt;
  if (parts && parts->agent != id)
    return fmt::format("invalid agent params: agent \"{}\" does not match session key agent \"{}\"",
                       asked, parts->agent.value);
  return std::nullopt;
}

// As sent; else the session with that id; else the main session of the agent.
Task<std::string> session_key_of(Call call) {
  const auto& arguments = call.arguments();
  const auto sent = string_or(arguments, "sessionKey", "");
  if (!trim(sent).empty()) co_return sent;
  if (const auto id = std::string(trim(string_or(arguments, "sessionId", ""))); !id.empty()) {
    store::SessionFilter filter;
    filter.principal = call.principal();
    filter.search = to_lower(id);
    const auto rows = co_await call.face->ports.sessions.list(std::move(filter));
    if (rows)
      for (const auto& row : *rows)
        if (iequals(row.id.value, id)) co_return row.key.value;
  }
  const auto asked = trim(find_string(arguments, "agentId").value_or(""));
  co_return main_session_key(asked.empty() ? call.face->settings.default_agent : agent_slug(asked))
      .value;
}

Inbound inbound_of(const Call& call, std::string session_key, std::vector<ImageBlock> images) {
  const auto& arguments = call.arguments();
  Inbound out;
  out.channel = "webchat";
  out.peer = call.client->caller.client.id;
  out.sender = call.client->caller.client.display_name;
  out.principal = call.principal();
  out.session_key = std::move(session_key);
  out.text = string_or(arguments, "message", "");
  out.images = std::move(images);
  out.run = RunId(string_or(arguments, "idempotencyKey", ""));
  out.dedupe_id = out.run.value;
  out.extra_system = string_or(arguments, "extraSystemPrompt", "");
  out.thinking = std::string(trim(string_or(arguments, "thinking", "")));
  const auto seconds = find_int(arguments, "timeout").value_or(0);
  out.timeout_ms = std::min(seconds, kLongestMs / 1000) * 1000;
  return out;
}

Task<Reply> agent(Call call) {
  auto& face = *call.face;
  if (auto complaint = judge_target(call)) co_return refused(std::move(*complaint));
  std::vector<ImageBlock> images;
  if (const auto* list = find_array(call.arguments(), "attachments")) {
    auto read = read_attachments(*list);
    if (!read) co_return refused("Error: " + read.error());
    images = std::move(*read);
  }
  const auto raw_key = co_await session_key_of(call);
  const auto key = canonical_key(raw_key, face.settings.default_agent);
  if (!key) co_return refused("invalid session key");
  const auto session = co_await face.ports.sessions.find(*key, call.principal());
  if (!session) co_return failed(session.error());
  if (*session && (*session)->send_policy == "deny")
    co_return refused("send blocked by session policy");
  const auto acceptance =
      co_await face.ports.door.submit(inbound_of(call, raw_key, std::move(images)));
  if (!acceptance) co_return failed(acceptance.error());
  const auto& run = acceptance->run;
  if (acceptance->state == dispatch::Acceptance::State::in_flight)
    co_return accepted(run.id, run.accepted_ms);
  if (acceptance->state == dispatch::Acceptance::State::started)
    call.first(accepted(run.id, run.accepted_ms));
  const auto outcome = co_await face.ports.door.wait(run.id, kLongestMs);
  if (!outcome) co_return failed(outcome.error());
  if (!*outcome) co_return Reply{{}, rpc::unavailable("the run did not end in time")};
  co_return finished(run.id, run, **outcome);
}

std::string waited(const RunId& run, const dispatch::Outcome& outcome) {
  const bool error =
      outcome.state == store::RunState::failed || outcome.state == store::RunState::interrupted;
  ObjectText out;
  out.text("runId", run.value).text("status", error ? "error" : "ok");
  if (outcome.started_ms > 0) out.number("startedAt", outcome.started_ms);
  if (outcome.ended_ms > 0) out.number("endedAt", outcome.ended_ms);
  if (error) out.text_unless_empty("error", outcome.error);
  return out.take();
}

// A run may be waited for before it was sent; so an unknown one is looked for until the time is
// over.
Task<Reply> wait(Call call) {
  auto& face = *call.face;
  const RunId run(std::string(trim(string_or(call.arguments(), "runId", ""))));
  const auto limit =
      std::min(find_int(call.arguments(), "timeoutMs").value_or(kWaitMs), kLongestMs);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(limit);
  const auto timed_out =
      answered(ObjectText().text("runId", run.value).text("status", "timeout").take());
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    const auto known = co_await face.ports.runs.find(run);
    if (!known) co_return failed(known.error());
    if (*known && (*known)->principal == call.principal()) {
      const auto outcome =
          co_await face.ports.door.wait(run, std::max<std::int64_t>(0, left.count()));
      if (outcome) co_return *outcome ? answered(waited(run, **outcome)) : timed_out;
      if (outcome.error().code != Errc::not_found) co_return failed(outcome.error());
    }
    if (left.count() <= 0) co_return timed_out;
    co_await sleep_for(std::min(kLookAgain, left));
  }
}

constexpr MethodRow kRows[] = {
    {.name = "agent", .authority = Authority::write, .params = {kAgent}, .work = agent},
    {.name = "agent.wait", .authority = Authority::write, .params = {kWait}, .work = wait},
};

}  // namespace

extern const std::span<const MethodRow> agent;
constinit const std::span<const MethodRow> agent{kRows};

}  // namespace carapace::gateway::methods

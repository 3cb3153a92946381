// sessions.patch, sessions.reset, sessions.delete: changing conversations.

#include "async/coro.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "base/text.h"
#include "dispatch/door.h"
#include "gateway/face.h"
#include "gateway/method_row.h"
#include "gateway/session_levels.h"
#include "gateway/session_view.h"
#include "provider/router.h"
#include "rpc/json_text.h"
#include "store/sessions.h"

namespace carapace::gateway::methods {
namespace {

using rpc::ObjectText;
using rpc::ParamType;

constexpr std::int64_t kDrainMs = 15'000;  // how long a delete waits for the answer that it stopped

constexpr rpc::ParamRow kPatch[] = {
    {.name = "key", .required = true, .min = 1},
    {.name = "label", .nullable = true, .min = 1, .max = 64},
    {.name = "thinkingLevel", .nullable = true, .min = 1},
    {.name = "verboseLevel", .nullable = true, .min = 1},
    {.name = "reasoningLevel", .nullable = true, .min = 1},
    {.name = "responseUsage",
     .type = ParamType::choice,
     .nullable = true,
     .one_of = "off|tokens|full|on"},
    {.name = "elevatedLevel", .nullable = true, .min = 1},
    {.name = "execHost", .nullable = true, .min = 1},
    {.name = "execSecurity", .nullable = true, .min = 1},
    {.name = "execAsk", .nullable = true, .min = 1},
    {.name = "execNode", .nullable = true, .min = 1},
    {.name = "model", .nullable = true, .min = 1},
    {.name = "spawnedBy", .nullable = true, .min = 1},
    {.name = "sendPolicy", .type = ParamType::choice, .nullable = true, .one_of = "allow|deny"},
    {.name = "groupActivation",
     .type = ParamType::choice,
     .nullable = true,
     .one_of = "mention|always"},
};
constexpr rpc::ParamRow kReset[] = {{.name = "key", .required = true, .min = 1}};
constexpr rpc::ParamRow kDelete[] = {
    {.name = "key", .required = true, .min = 1},
    {.name = "deleteTranscript", .type = ParamType::boolean},
};

std::optional<SessionKey> key_of(const Call& call) {
  return canonical_key(string_or(call.arguments(), "key", ""), call.face->settings.default_agent);
}

Reply no_key(const Call& call) {
  const bool empty = trim(string_or(call.arguments(), "key", "")).empty();
  return refused(empty ? "key required" : "invalid session key");
}

// Choosing the usual model is choosing none: the session follows when another becomes the usual
// one. The error is a sentence.
std::expected<std::string, std::string> chosen_model(Face& face, const json::value& sent) {
  if (sent.is_null()) return "";
  const auto name = std::string(trim(sent.get_string()));
  if (name.empty()) return std::unexpected("invalid model: empty");
  const auto route = face.ports.router.route(name);
  if (!route) return std::unexpected("model not allowed: " + name);
  const ModelRef chosen{route->model.provider, route->model.id};
  return chosen == face.ports.router.choice().model ? "" : chosen.text();
}

Task<Reply> patch(Call call) {
  auto& face = *call.face;
  const auto& arguments = call.arguments();
  const auto key = key_of(call);
  if (!key) co_return no_key(call);
  auto wanted = read_session_patch(arguments, *key);
  if (!wanted) co_return refused(std::move(wanted.error()));
  if (const auto* model = find(arguments, "model")) {
    auto chosen = chosen_model(face, *model);
    if (!chosen) co_return refused(std::move(chosen.error()));
    wanted->model_override = std::move(*chosen);
  }
  const auto row = co_await face.ports.sessions.patch(*key, call.principal(), std::move(*wanted),
                                                      SessionId(uuid_v4(face.ports.random)),
                                                      face.ports.clock.wall_ms());
  if (!row && row.error().code == Errc::conflict) co_return refused(row.error().detail);
  if (!row) co_return failed(row.error());
  co_return answered(ObjectText()
                         .boolean("ok", true)
                         .text("path", face.settings.store_path)
                         .text("key", row->key.value)
                         .raw("entry", session_entry(*row, false))
                         .take());
}

// A turn that still runs ends first: its words belong to the old transcript.
Task<bool> stop_runs(Face& face, SessionKey key) {
  for (const auto& run : face.ports.door.abort(key, RunId(), "rpc")) {
    const auto outcome = co_await face.ports.door.wait(run, kDrainMs);
    if (outcome && !*outcome) co_return false;
  }
  co_return true;
}

Reply still_active(const SessionKey& key) {
  return {{},
          rpc::unavailable(
              fmt::format("Session {} is still active; try again in a moment.", key.value))};
}

Task<Reply> reset(Call call) {
  auto& face = *call.face;
  const auto key = key_of(call);
  if (!key) co_return no_key(call);
  const auto session = co_await face.ports.sessions.find(*key, call.principal());
  if (!session) co_return failed(session.error());
  if (*session && !co_await stop_runs(face, *key)) co_return still_active(*key);
  const SessionId fresh(uuid_v4(face.ports.random));
  const auto now = face.ports.clock.wall_ms();
  // A key that nobody used yet becomes a session, empty like a reset one.
  const auto row =
      *session ? co_await face.ports.sessions.reset(*key, call.principal(), fresh, now, "rpc")
               : co_await face.ports.sessions.patch(*key, call.principal(), {}, fresh, now);
  if (!row && row.error().code == Errc::conflict) co_return still_active(*key);
  if (!row) co_return failed(row.error());
  co_return answered(ObjectText()
                         .boolean("ok", true)
                         .text("key", row->key.value)
                         .raw("entry", session_entry(*row, true))
                         .take());
}

Task<Reply> remove(Call call) {
  auto& face = *call.face;
  const auto key = key_of(call);
  if (!key) co_return no_key(call);
  const auto parts = parse_session_key(key->value);
  if (parts && *key == main_session_key(parts->agent) && face.find_agent(parts->agent))
    co_return refused(fmt::format("Cannot delete the main session ({}).", key->value));
  const auto session = co_await face.ports.sessions.find(*key, call.principal());
  if (!session) co_return failed(session.error());
  if (*session && !co_await stop_runs(face, *key)) co_return still_active(*key);
  const bool erase =
      false;  // `deleteTranscript` takes it off the list; erasing a person's data is its own verb
  const auto removed = *session ? co_await face.ports.sessions.remove(*key, call.principal(), erase,
                                                                      face.ports.clock.wall_ms())
                                : Result<bool>(false);
  if (!removed && removed.error().code == Errc::conflict) co_return still_active(*key);
  if (!removed) co_return failed(removed.error());
  co_return answered(ObjectText()
                         .boolean("ok", true)
                         .text("key", key->value)
                         .boolean("deleted", *removed)
                         .raw("archived", "[]")
                         .take());
}

constexpr MethodRow kRows[] = {
    {.name = "sessions.patch", .authority = Authority::admin, .params = {kPatch}, .work = patch},
    {.name = "sessions.reset", .authority = Authority::admin, .params = {kReset}, .work = reset},
    {.name = "sessions.delete", .authority = Authority::admin, .params = {kDelete}, .work = remove},
};

}  // namespace

extern const std::span<const MethodRow> session_changes;
constinit const std::span<const MethodRow> session_changes{kRows};

}  // namespace carapace::gateway::methods

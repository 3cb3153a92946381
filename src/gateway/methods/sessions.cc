// sessions.list, sessions.preview, sessions.resolve: finding conversations.

#include <algorithm>

#include "async/coro.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "gateway/face.h"
#include "gateway/method_row.h"
#include "gateway/session_view.h"
#include "provider/router.h"
#include "rpc/json_text.h"
#include "store/sessions.h"
#include "store/transcripts.h"

namespace carapace::gateway::methods {
namespace {

using rpc::ObjectText;
using rpc::ParamType;

constexpr std::size_t kLastMessages = 200;  // rows whose last message is looked up in one answer
constexpr std::int64_t kLookBack = 20;      // messages read for it
constexpr std::size_t kPreviewKeys = 64;
constexpr std::int64_t kMostRows = 10'000;  // keeps the frame far below what clients take
constexpr std::size_t kLastMessageCharacters = 500;

constexpr rpc::ParamRow kList[] = {
    {.name = "limit", .type = ParamType::integer, .min = 1},
    {.name = "activeMinutes", .type = ParamType::integer, .min = 1},
    {.name = "includeGlobal", .type = ParamType::boolean},
    {.name = "includeUnknown", .type = ParamType::boolean},
    {.name = "includeDerivedTitles", .type = ParamType::boolean},
    {.name = "includeLastMessage", .type = ParamType::boolean},
    {.name = "label", .min = 1, .max = 64},
    {.name = "spawnedBy", .min = 1},
    {.name = "agentId", .min = 1},
    {.name = "search"},
};
constexpr rpc::ParamRow kPreview[] = {
    {.name = "keys", .type = ParamType::texts, .required = true, .min = 1, .item_min = 1},
    {.name = "limit", .type = ParamType::integer, .min = 1},
    {.name = "maxChars", .type = ParamType::integer, .min = 20},
};
constexpr rpc::ParamRow kResolve[] = {
    {.name = "key", .min = 1},
    {.name = "sessionId", .min = 1},
    {.name = "label", .min = 1, .max = 64},
    {.name = "agentId", .min = 1},
    {.name = "spawnedBy", .min = 1},
    {.name = "includeGlobal", .type = ParamType::boolean},
    {.name = "includeUnknown", .type = ParamType::boolean},
};

store::SessionFilter filter_of(const Call& call) {
  const auto& arguments = call.arguments();
  store::SessionFilter filter;
  filter.principal = call.principal();
  if (const auto agent = find_string(arguments, "agentId")) filter.agent = agent_slug(*agent);
  if (const auto label = find_string(arguments, "label")) filter.label = std::string(trim(*label));
  filter.spawned_by = find_string(arguments, "spawnedBy");
  filter.search = to_lower(trim(string_or(arguments, "search", "")));
  if (const auto minutes = find_int(arguments, "activeMinutes"))
    filter.updated_since_ms =
        call.face->ports.clock.wall_ms() - std::min<std::int64_t>(*minutes, 1LL << 40U) * 60'000;
  filter.include_global = find_bool(arguments, "includeGlobal").value_or(false);
  filter.include_unknown = find_bool(arguments, "includeUnknown").value_or(false);
  filter.limit = std::min(find_int(arguments, "limit").value_or(kMostRows), kMostRows);
  return filter;
}

// The newest words in a conversation; empty when there are none or they cannot be read.
Task<std::string> last_words(Face& face, SessionId session) {
  const auto messages = co_await face.ports.transcripts.tail(std::move(session), kLookBack);
  if (!messages) co_return std::string();
  for (auto it = messages->rbegin(); it != messages->rend(); ++it) {
    if (it->message.role == Role::tool) continue;
    const auto text = text_of(it->message);
    if (const auto shown = trim(text); !shown.empty())
      co_return ellipsize(shown, kLastMessageCharacters);
  }
  co_return std::string();
}

std::string defaults_json(Face& face) {
  const auto& model = face.ports.router.choice().model;
  const auto route = face.ports.router.route({});
  ObjectText out;
  out.text("modelProvider", model.provider).text("model", model.model);
  if (route)
    out.number("contextTokens", route->model.context_window);
  else
    out.raw("contextTokens", "null");
  return out.take();
}

Task<Reply> list(Call call) {
  auto& face = *call.face;
  const auto& arguments = call.arguments();
  const auto rows = co_await face.ports.sessions.list(filter_of(call));
  if (!rows) co_return failed(rows.error());
  const bool titles = find_bool(arguments, "includeDerivedTitles").value_or(false);
  const bool last = find_bool(arguments, "includeLastMessage").value_or(false);
  rpc::ArrayText out;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const auto& row = (*rows)[i];
    auto text = session_row(row);
    if (titles) text.text("derivedTitle", derived_title(row));
    if (last && i < kLastMessages) {
      const auto words = co_await last_words(face, row.id);
      text.text_unless_empty("lastMessagePreview", words);
    }
    out.raw(text.take());
  }
  co_return answered(ObjectText()
                         .number("ts", face.ports.clock.wall_ms())
                         .text("path", "(multiple)")
                         .number("count", static_cast<std::int64_t>(rows->size()))
                         .raw("defaults", defaults_json(face))
                         .raw("sessions", out.take())
                         .take());
}

struct PreviewSize {
  std::int64_t items = 12;
  std::size_t characters = 240;
};

Task<std::string> preview_one(Face& face, std::string raw_key, PrincipalId principal,
                              PreviewSize size) {
  const auto made = [&raw_key](std::string_view status, std::string_view items) {
    return ObjectText().text("key", raw_key).text("status", status).raw("items", items).take();
  };
  const auto key = canonical_key(raw_key, face.settings.default_agent);
  if (!key) co_return made("missing", "[]");
  const auto session = co_await face.ports.sessions.find(*key, std::move(principal));
  if (!session) co_return made("error", "[]");
  if (!*session) co_return made("missing", "[]");
  const auto messages = co_await face.ports.transcripts.tail((*session)->id, size.items);
  if (!messages) co_return made("error", "[]");
  rpc::ArrayText items;
  bool any = false;
  for (const auto& stored : *messages) {
    const auto text = preview_text(stored.message, size.characters);
    if (text.empty()) continue;
    any = true;
    items.raw(ObjectText().text("role", preview_role(stored.message)).text("text", text).take());
  }
  co_return made(any ? "ok" : "empty", items.take());
}

Task<Reply> preview(Call call) {
  auto& face = *call.face;
  const auto& arguments = call.arguments();
  PreviewSize size;
  size.items = std::clamp<std::int64_t>(find_int(arguments, "limit").value_or(12), 1, 50);
  size.characters = static_cast<std::size_t>(
      std::clamp<std::int64_t>(find_int(arguments, "maxChars").value_or(240), 20, 2000));
  rpc::ArrayText previews;
  std::size_t count = 0;
  for (const auto& sent : arguments.at("keys").get_array()) {
    const std::string key(trim(sent.get_string()));
    if (key.empty() || count++ >= kPreviewKeys) continue;
    const auto one = co_await preview_one(face, key, call.principal(), size);
    previews.raw(one);
  }
  co_return answered(ObjectText()
                         .number("ts", face.ports.clock.wall_ms())
                         .raw("previews", previews.take())
                         .take());
}

Reply resolved(const SessionKey& key) {
  return answered(ObjectText().boolean("ok", true).text("key", key.value).take());
}

Task<Reply> resolve_listed(Call call, std::string wanted, bool by_label) {
  store::SessionFilter filter = filter_of(call);
  filter.label = by_label ? std::optional(wanted) : std::nullopt;
  filter.search = by_label ? std::string() : to_lower(wanted);
  const auto rows = co_await call.face->ports.sessions.list(std::move(filter));
  if (!rows) co_return failed(rows.error());
  std::vector<SessionKey> found;
  for (const auto& row : *rows)
    if (by_label || iequals(row.id.value, wanted)) found.push_back(row.key);
  if (found.empty())
    co_return refused(by_label ? "No session found with label: " + wanted
                               : "No session found: " + wanted);
  if (found.size() > 1)
    co_return refused(fmt::format("Multiple sessions found {}: {}",
                                  by_label ? "with label" : "for sessionId", wanted));
  co_return resolved(found.front());
}

Task<Reply> resolve(Call call) {
  const auto& arguments = call.arguments();
  const auto key = std::string(trim(string_or(arguments, "key", "")));
  const auto id = std::string(trim(string_or(arguments, "sessionId", "")));
  const auto label = std::string(trim(string_or(arguments, "label", "")));
  const int given = (key.empty() ? 0 : 1) + (id.empty() ? 0 : 1) + (label.empty() ? 0 : 1);
  if (given > 1) co_return refused("Provide either key, sessionId, or label (not multiple)");
  if (given == 0) co_return refused("Either key, sessionId, or label is required");
  if (key.empty()) co_return co_await resolve_listed(call, id.empty() ? label : id, id.empty());
  const auto canonical = canonical_key(key, call.face->settings.default_agent);
  if (!canonical) co_return refused("No session found: " + key);
  const auto session = co_await call.face->ports.sessions.find(*canonical, call.principal());
  if (!session) co_return failed(session.error());
  if (!*session) co_return refused("No session found: " + key);
  co_return resolved(*canonical);
}

constexpr MethodRow kRows[] = {
    {.name = "sessions.list", .authority = Authority::read, .params = {kList}, .work = list},
    {.name = "sessions.preview",
     .authority = Authority::read,
     .params = {kPreview},
     .work = preview},
    {.name = "sessions.resolve",
     .authority = Authority::admin,
     .params = {kResolve},
     .advertised = false,
     .work = resolve},
};

}  // namespace

extern const std::span<const MethodRow> sessions;
constinit const std::span<const MethodRow> sessions{kRows};

}  // namespace carapace::gateway::methods

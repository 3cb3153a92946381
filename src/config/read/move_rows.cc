#include <string>

#include "base/json.h"
#include "config/read/moves.h"

namespace carapace::config {
namespace {

using std::string_view;
using Change = std::optional<json::value>;

Change primary(const json::value& old) {
  return old.is_string() ? json::object{{"primary", old}} : old;
}

// A list of model names as the keys of today's map.
Change allowed_models(const json::value& old) {
  const auto* list = old.if_array();
  if (list == nullptr) return std::nullopt;
  json::object out;
  for (const auto& item : *list)
    if (const auto* name = item.if_string()) out[*name] = json::object();
  return out;
}

// {alias: model} as {model: {alias}}.
Change aliases(const json::value& old) {
  const auto* map = old.if_object();
  if (map == nullptr) return std::nullopt;
  json::object out;
  for (const auto& member : *map)
    if (const auto* model = member.value().if_string())
      out[*model] = json::object{{"alias", member.key()}};
  return out;
}

// {id: agent} as a list of agents with an id each.
Change agents(const json::value& old) {
  const auto* map = old.if_object();
  if (map == nullptr) return std::nullopt;
  json::array out;
  for (const auto& member : *map) {
    json::object agent{{"id", member.key()}};
    if (const auto* rest = member.value().if_object())
      for (const auto& entry : *rest) agent.insert_or_assign(entry.key(), entry.value());
    out.emplace_back(std::move(agent));
  }
  return out;
}

// The command of a program that writes down speech, as one of the ways to understand audio.
Change transcriber(const json::value& old) {
  const auto* map = old.if_object();
  const auto* command = map == nullptr ? nullptr : map->if_contains("command");
  const auto* words = command == nullptr ? nullptr : command->if_array();
  if (words == nullptr || words->empty()) return std::nullopt;
  json::object model{{"type", "cli"}, {"command", words->front()}};
  if (words->size() > 1) model["args"] = json::array(words->begin() + 1, words->end());
  if (const auto* seconds = map->if_contains("timeoutSeconds")) model["timeoutSeconds"] = *seconds;
  return json::object{{"enabled", true}, {"models", json::array{std::move(model)}}};
}

Change speak_when(const json::value& old) {
  if (!old.is_bool()) return std::nullopt;
  return old.get_bool() ? json::value("always") : json::value("off");
}

// What one version calls the style of a log.
Change console_style(const json::value& old) {
  const auto* name = old.if_string();
  return name != nullptr && *name == "text" ? json::value("pretty") : old;
}

json::object& section(json::object& at, string_view key) {
  auto& inner = at[key];
  if (!inner.is_object()) inner = json::object();
  return inner.get_object();
}

// The agent of that id in `agents.list`, made when it is missing. nullptr: the list is none.
json::object* agent_of(json::value& tree, string_view id) {
  auto& list = section(tree.as_object(), "agents")["list"];
  if (list.is_null()) list = json::array();
  auto* items = list.if_array();
  if (items == nullptr) return nullptr;
  for (auto& item : *items)
    if (auto* agent = item.if_object(); agent != nullptr && string_or(*agent, "id", "") == id)
      return agent;
  items->emplace_back(json::object{{"id", id}});
  return &items->back().get_object();
}

bool make_default(json::value& tree, const json::value& old) {
  if (!old.is_string()) return false;
  auto* agent = agent_of(tree, old.get_string());
  if (agent != nullptr) agent->insert_or_assign("default", true);
  return agent != nullptr;
}

// What the one agent was called before there were several.
bool name_main_agent(json::value& tree, const json::value& old) {
  const auto* list = find(tree.as_object(), "agents") == nullptr
                         ? nullptr
                         : find_array(section(tree.as_object(), "agents"), "list");
  std::string id = "main";
  if (list != nullptr && !list->empty() && list->front().is_object())
    id = string_or(list->front().get_object(), "id", "main");
  if (list != nullptr)
    for (const auto& item : *list)
      if (const auto* agent = item.if_object();
          agent != nullptr && find_bool(*agent, "default").value_or(false))
        id = string_or(*agent, "id", id);
  auto* agent = agent_of(tree, id);
  if (agent != nullptr) agent->emplace("identity", old);
  return agent != nullptr;
}

// Rows of a section come after those of the keys in it that go elsewhere.
constexpr MoveRow kRows[]{
    {.from = "gateway.token", .to = "gateway.auth.token"},
    {.from = "gateway.hooks", .to = "hooks", .older_wins = true},

    {.from = "agent.model", .to = "agents.defaults.model", .change = primary},
    {.from = "agent.modelFallbacks", .to = "agents.defaults.model.fallbacks"},
    {.from = "agent.imageModel", .to = "agents.defaults.imageModel", .change = primary},
    {.from = "agent.imageModelFallbacks", .to = "agents.defaults.imageModel.fallbacks"},
    {.from = "agent.allowedModels", .to = "agents.defaults.models", .change = allowed_models},
    {.from = "agent.modelAliases", .to = "agents.defaults.models", .change = aliases},
    {.from = "agent.tools", .to = "tools"},
    {.from = "agent.elevated", .to = "tools.elevated"},
    {.from = "agent.bash", .to = "tools.exec"},
    {.from = "agent.sandbox.tools", .to = "tools.sandbox.tools"},
    {.from = "agent.subagents.tools", .to = "tools.subagents.tools"},
    {.from = "agent", .to = "agents.defaults", .objects_only = true},

    {.from = "routing.agents", .to = "agents.list", .change = agents},
    {.from = "routing.defaultAgentId", .to = "agents.list", .special = make_default},
    {.from = "agents.list.*.mentionPatterns", .to = "agents.list.*.groupChat.mentionPatterns"},
    {.from = "agents.list.*.tools.bash", .to = "agents.list.*.tools.exec"},
    {.from = "agents.list.*.bash", .to = "agents.list.*.tools.exec"},
    {.from = "agents.list.*.elevated", .to = "agents.list.*.tools.elevated"},
    {.from = "agents.list.*.sandbox.tools", .to = "agents.list.*.tools.sandbox.tools"},
    {.from = "agents.list.*.subagents.tools", .to = "agents.list.*.tools.subagents.tools"},
    {.from = "identity", .to = "agents.list", .special = name_main_agent},

    {.from = "routing.bindings", .to = "bindings"},
    {.from = "routing.queue", .to = "messages.queue"},
    {.from = "routing.agentToAgent", .to = "tools.agentToAgent"},
    {.from = "routing.groupChat.mentionPatterns", .to = "messages.groupChat.mentionPatterns"},
    {.from = "routing.groupChat.historyLimit", .to = "messages.groupChat.historyLimit"},
    {.from = "routing.transcribeAudio", .to = "tools.media.audio", .change = transcriber},
    {.from = "tools.audio.transcription", .to = "tools.media.audio", .change = transcriber},

    {.from = "bindings.*.match.provider", .to = "bindings.*.match.channel"},
    {.from = "bindings.*.match.accountID", .to = "bindings.*.match.accountId"},
    {.from = "session.sendPolicy.rules.*.match.provider",
     .to = "session.sendPolicy.rules.*.match.channel"},
    {.from = "messages.queue.byProvider", .to = "messages.queue.byChannel"},
    {.from = "messages.tts.enabled", .to = "messages.tts.auto", .change = speak_when},
    {.from = "tools.bash", .to = "tools.exec"},
    {.from = "logging.format", .to = "logging.consoleStyle", .change = console_style},
    {.from = "sessions.retentionDays", .to = "sessions.retention.days"},
};

}  // namespace

std::span<const MoveRow> builtin_moves() { return kRows; }

}  // namespace carapace::config

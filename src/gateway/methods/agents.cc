// agents.list and agent.identity.get: who answers here.

#include "base/json.h"
#include "base/text.h"
#include "domain/session_key.h"
#include "gateway/face.h"
#include "gateway/method_row.h"
#include "rpc/json_text.h"

namespace carapace::gateway::methods {
namespace {

using rpc::ObjectText;

constexpr std::size_t kNameCharacters = 50;
constexpr std::size_t kAvatarCharacters = 200;
constexpr rpc::ParamSchema kNothing{};
constexpr rpc::ParamRow kIdentity[] = {{.name = "agentId", .min = 1}, {.name = "sessionKey"}};

std::string agent_json(const AgentInfo& agent) {
  return ObjectText().text("id", agent.id.value).text_unless_empty("name", agent.name).take();
}

// The default agent first.
std::optional<Reply> list(const Call& call) {
  const auto& settings = call.face->settings;
  rpc::ArrayText agents;
  for (const bool wanted : {true, false})
    for (const auto& agent : settings.agents)
      if ((agent.id == settings.default_agent) == wanted) agents.raw(agent_json(agent));
  return answered(ObjectText()
                      .text("defaultId", settings.default_agent.value)
                      .text("mainKey", "main")
                      .text("scope", "per-sender")
                      .raw("agents", agents.take())
                      .take());
}

std::optional<Reply> identity(const Call& call) {
  const auto& settings = call.face->settings;
  const auto asked = trim(find_string(call.arguments(), "agentId").value_or(""));
  const auto key = string_or(call.arguments(), "sessionKey", "");
  auto id = asked.empty() ? settings.default_agent : agent_slug(asked);
  if (const auto parts = parse_session_key(to_lower(trim(key)))) {
    if (!asked.empty() && parts->agent != id)
      return refused(fmt::format(
          "invalid agent.identity.get params: agent \"{}\" does not match session key agent "
          "\"{}\"",
          asked, parts->agent.value));
    id = parts->agent;
  }
  const auto* agent = call.face->find_agent(id);
  const auto& name = agent && !agent->name.empty() ? agent->name : settings.assistant_name;
  return answered(ObjectText()
                      .text("agentId", id.value)
                      .text("name", ellipsize(name, kNameCharacters))
                      .text("avatar", ellipsize(settings.assistant_avatar, kAvatarCharacters))
                      .take());
}

constexpr MethodRow kRows[] = {
    {.name = "agents.list", .authority = Authority::read, .params = kNothing, .quick = list},
    {.name = "agent.identity.get",
     .authority = Authority::read,
     .params = {kIdentity},
     .quick = identity},
};

}  // namespace

extern const std::span<const MethodRow> agents;
constinit const std::span<const MethodRow> agents{kRows};

}  // namespace carapace::gateway::methods

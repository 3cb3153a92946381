#include "config/check/rules.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/json.h"

namespace carapace::config {
namespace {

using std::string_view;

const json::object* section(const json::value& tree, std::initializer_list<string_view> keys) {
  const auto* at = tree.if_object();
  for (const auto key : keys)
    if (at != nullptr) at = find_object(*at, key);
  return at;
}

bool is_name(string_view text, bool letter_first) {
  const auto small = [](char c) { return c >= 'a' && c <= 'z'; };
  return !text.empty() && (!letter_first || small(text.front())) &&
         std::ranges::all_of(
             text, [small](char c) { return small(c) || (c >= '0' && c <= '9') || c == '-'; });
}

bool leads_out(string_view path) {
  const auto plain = std::filesystem::path(path).lexically_normal().string();
  return plain == ".." || plain.starts_with("../");
}

class Rules {
 public:
  Rules(const Schema& schema, std::vector<Issue>& issues) : schema_(schema), issues_(issues) {}

  void agents(const json::object& agents) {
    if (const auto* defaults = find_object(agents, "defaults"))
      heartbeat(*defaults, "agents.defaults");
    const auto* list = find_array(agents, "list");
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i)
      if (const auto* one = (*list)[i].if_object()) agent(*one, child_path("agents.list", i));
  }

  void profiles(const json::object& profiles) {
    for (const auto& member : profiles) {
      const auto path = child_path("browser.profiles", string_view(member.key()));
      if (!is_name(member.key(), false))
        tell(path, "the name of a profile has small letters, digits and '-' only.");
      const auto* profile = member.value().if_object();
      if (profile != nullptr && !profile->contains("cdpPort") && !profile->contains("cdpUrl"))
        tell(path, "needs a cdpPort or a cdpUrl.");
    }
  }

  void routes(const json::object& routes) {
    for (const auto& member : routes)
      if (!is_name(member.key(), true))
        tell(child_path("routes", string_view(member.key())),
             "the name of a route has small letters, digits and '-' only, a letter first.");
  }

 private:
  void agent(const json::object& agent, const std::string& path) {
    heartbeat(agent, path);
    if (const auto folder = string_or(agent, "agentDir", ""); !folder.empty()) {
      const auto [at, first] = folders_.emplace(folder, path);
      if (!first)
        tell(child_path(path, string_view("agentDir")),
             fmt::format("is the folder of {} too; agents that share one share their logins.",
                         at->second));
    }
    const auto* identity = find_object(agent, "identity");
    if (identity != nullptr && leads_out(string_or(*identity, "avatar", "")))
      tell(path + ".identity.avatar", "leads out of the agent's folder.");
  }

  void heartbeat(const json::object& holder, const std::string& path) {
    const auto* heartbeat = find_object(holder, "heartbeat");
    const auto target = heartbeat == nullptr ? "" : string_or(*heartbeat, "target", "");
    if (target.empty() || target == "last" || target == "none") return;
    if (schema_.known({"channels", std::string(target)})) return;
    tell(path + ".heartbeat.target", "must be last, none or the name of a channel.");
  }

  void tell(std::string path, std::string message) {
    issues_.push_back(
        {.severity = Severity::warning, .path = std::move(path), .message = std::move(message)});
  }

  const Schema& schema_;
  std::vector<Issue>& issues_;
  std::map<std::string, std::string> folders_;  // and whose they are
};

}  // namespace

void check_rules(const json::value& tree, const Schema& schema, std::vector<Issue>& issues) {
  Rules rules(schema, issues);
  if (const auto* agents = section(tree, {"agents"})) rules.agents(*agents);
  if (const auto* profiles = section(tree, {"browser", "profiles"})) rules.profiles(*profiles);
  if (const auto* routes = section(tree, {"routes"})) rules.routes(*routes);
}

}  // namespace carapace::config

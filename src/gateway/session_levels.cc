#include "gateway/session_levels.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/text.h"

namespace carapace::gateway {
namespace {

struct Alias {
  std::string_view text, level;
};
constexpr Alias kThinking[] = {
    {"off", "off"},
    {"minimal", "minimal"},
    {"min", "minimal"},
    {"think", "minimal"},
    {"low", "low"},
    {"on", "low"},
    {"enable", "low"},
    {"enabled", "low"},
    {"thinkhard", "low"},
    {"medium", "medium"},
    {"mid", "medium"},
    {"med", "medium"},
    {"thinkharder", "medium"},
    {"harder", "medium"},
    {"high", "high"},
    {"ultra", "high"},
    {"ultrathink", "high"},
    {"thinkhardest", "high"},
    {"highest", "high"},
    {"max", "high"},
};

using Field = std::optional<std::string> store::SessionPatch::*;

struct LevelRow {
  std::string_view name;
  Field field;
  std::string_view one_of;  // separated by '|'
  std::string_view clears;  // the value that means "nothing set"
  std::string_view complaint;
};
constexpr LevelRow kLevels[] = {
    {"verboseLevel", &store::SessionPatch::verbose_level, "on|off|full", "",
     R"(invalid verboseLevel (use "on"|"off"))"},
    {"reasoningLevel", &store::SessionPatch::reasoning_level, "on|off|stream", "off",
     R"(invalid reasoningLevel (use "on"|"off"|"stream"))"},
    {"responseUsage", &store::SessionPatch::response_usage, "off|tokens|full|on", "off",
     R"(invalid responseUsage (use "off"|"tokens"|"full"))"},
    {"sendPolicy", &store::SessionPatch::send_policy, "allow|deny", "",
     R"(invalid sendPolicy (use "allow"|"deny"))"},
};

// Fields of the protocol that this gateway has nothing behind yet: a wrong value is told as such, a
// right one is refused rather than forgotten, and clearing what cannot be set is no change.
struct AbsentRow {
  std::string_view name, one_of, complaint;
};
constexpr AbsentRow kAbsent[] = {
    {"elevatedLevel", "on|off|ask|full", R"(invalid elevatedLevel (use "on"|"off"|"ask"|"full"))"},
    {"execHost", "sandbox|gateway|node", R"(invalid execHost (use "sandbox"|"gateway"|"node"))"},
    {"execSecurity", "deny|allowlist|full",
     R"(invalid execSecurity (use "deny"|"allowlist"|"full"))"},
    {"execAsk", "off|on-miss|always", R"(invalid execAsk (use "off"|"on-miss"|"always"))"},
    {"execNode", "", ""},
    {"groupActivation", "mention|always", R"(invalid groupActivation (use "mention"|"always"))"},
};

bool among(std::string_view value, std::string_view one_of) {
  const auto allowed = split(one_of, '|');
  return std::ranges::find(allowed, value) != allowed.end();
}

std::optional<std::string> judge_absent(const json::object& arguments) {
  for (const auto& row : kAbsent) {
    const auto value = find_string(arguments, row.name);
    if (!value) continue;
    if (!row.one_of.empty() && !among(to_lower(trim(*value)), row.one_of))
      return std::string(row.complaint);
    return fmt::format("{} is not supported by this gateway", row.name);
  }
  if (find_string(arguments, "spawnedBy")) {
    const auto key = to_lower(trim(string_or(arguments, "key", "")));
    if (key.find("subagent:") == std::string::npos)
      return "spawnedBy is only supported for subagent:* sessions";
    return "spawnedBy is not supported by this gateway";
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string_view> thinking_level(std::string_view text) {
  const auto lower = to_lower(trim(text));
  const auto found = std::ranges::find(kThinking, std::string_view(lower), &Alias::text);
  if (found == std::end(kThinking)) return std::nullopt;
  return found->level;
}

std::expected<store::SessionPatch, std::string> read_session_patch(const json::object& arguments) {
  store::SessionPatch patch;
  if (const auto* label = find(arguments, "label")) {
    patch.label = label->is_null() ? "" : std::string(trim(label->get_string()));
    if (!label->is_null() && patch.label->empty()) return std::unexpected("invalid label: empty");
  }
  if (const auto* level = find(arguments, "thinkingLevel")) {
    const auto known = level->is_null() ? "off" : thinking_level(level->get_string());
    if (!known) return std::unexpected("invalid thinkingLevel (use off|minimal|low|medium|high)");
    patch.thinking_level = *known == "off" ? "" : std::string(*known);
  }
  for (const auto& row : kLevels) {
    const auto* sent = find(arguments, row.name);
    if (!sent) continue;
    auto value = sent->is_null() ? std::string() : to_lower(trim(sent->get_string()));
    if (!sent->is_null() && !among(value, row.one_of))
      return std::unexpected(std::string(row.complaint));
    if (value == row.clears) value.clear();
    if (row.field == &store::SessionPatch::response_usage && value == "on") value = "tokens";
    patch.*row.field = std::move(value);
  }
  if (auto complaint = judge_absent(arguments)) return std::unexpected(std::move(*complaint));
  return patch;
}

}  // namespace carapace::gateway

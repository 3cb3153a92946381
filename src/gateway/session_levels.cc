#include "gateway/session_levels.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/json.h"
#include "base/text.h"
#include "domain/session_key.h"

namespace carapace::gateway {
namespace {

constexpr std::size_t kLabelUnits = 64;  // of UTF-16, as its readers count
constexpr std::size_t kNameBytes = 600;  // of a node or of another session

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
    {"think-hard", "low"},
    {"think_hard", "low"},
    {"medium", "medium"},
    {"mid", "medium"},
    {"med", "medium"},
    {"thinkharder", "medium"},
    {"think-harder", "medium"},
    {"harder", "medium"},
    {"high", "high"},
    {"ultra", "high"},
    {"ultrathink", "high"},
    {"thinkhardest", "high"},
    {"highest", "high"},
    {"max", "high"},
};
constexpr Alias kVerbose[] = {
    {"on", "on"},      {"true", "on"},   {"yes", "on"},   {"1", "on"},
    {"minimal", "on"}, {"off", "off"},   {"no", "off"},   {"false", "off"},
    {"0", "off"},      {"full", "full"}, {"all", "full"}, {"everything", "full"},
};
constexpr Alias kReasoning[] = {
    {"on", "on"},         {"true", "on"},          {"yes", "on"},       {"1", "on"},
    {"show", "on"},       {"visible", "on"},       {"enable", "on"},    {"enabled", "on"},
    {"off", "off"},       {"false", "off"},        {"no", "off"},       {"0", "off"},
    {"hide", "off"},      {"hidden", "off"},       {"disable", "off"},  {"disabled", "off"},
    {"stream", "stream"}, {"streaming", "stream"}, {"draft", "stream"}, {"live", "stream"},
};
constexpr Alias kUsage[] = {
    {"off", "off"}, {"tokens", "tokens"}, {"on", "tokens"}, {"full", "full"}};
constexpr Alias kElevated[] = {
    {"on", "on"},
    {"true", "on"},
    {"yes", "on"},
    {"1", "on"},
    {"off", "off"},
    {"false", "off"},
    {"no", "off"},
    {"0", "off"},
    {"ask", "ask"},
    {"prompt", "ask"},
    {"approval", "ask"},
    {"approve", "ask"},
    {"full", "full"},
    {"auto", "full"},
    {"auto-approve", "full"},
    {"autoapprove", "full"},
};
constexpr Alias kSendPolicy[] = {{"allow", "allow"}, {"deny", "deny"}};
constexpr Alias kExecHost[] = {{"sandbox", "sandbox"}, {"gateway", "gateway"}, {"node", "node"}};
constexpr Alias kExecSecurity[] = {{"deny", "deny"}, {"allowlist", "allowlist"}, {"full", "full"}};
constexpr Alias kExecAsk[] = {{"off", "off"}, {"on-miss", "on-miss"}, {"always", "always"}};
constexpr Alias kGroup[] = {{"mention", "mention"}, {"always", "always"}};

using Patch = store::SessionPatch;

struct LevelRow {
  std::string_view name;
  std::optional<std::string> Patch::* field;
  std::span<const Alias> known;
  std::string_view clears;  // the level that means "nothing set"
  std::string_view use;     // told to who sent none of them
};
constexpr LevelRow kLevels[] = {
    {"thinkingLevel", &Patch::thinking_level, kThinking, "off", "off|minimal|low|medium|high"},
    {"verboseLevel", &Patch::verbose_level, kVerbose, "", R"("on"|"off")"},
    {"reasoningLevel", &Patch::reasoning_level, kReasoning, "off", R"("on"|"off"|"stream")"},
    {"responseUsage", &Patch::response_usage, kUsage, "off", R"("off"|"tokens"|"full")"},
    {"elevatedLevel", &Patch::elevated_level, kElevated, "", R"("on"|"off"|"ask"|"full")"},
    {"execHost", &Patch::exec_host, kExecHost, "", R"("sandbox"|"gateway"|"node")"},
    {"execSecurity", &Patch::exec_security, kExecSecurity, "", R"("deny"|"allowlist"|"full")"},
    {"execAsk", &Patch::exec_ask, kExecAsk, "", R"("off"|"on-miss"|"always")"},
    {"sendPolicy", &Patch::send_policy, kSendPolicy, "", R"("allow"|"deny")"},
    {"groupActivation", &Patch::group_activation, kGroup, "", R"("mention"|"always")"},
};

std::optional<std::string_view> level_of(std::span<const Alias> known, std::string_view text) {
  const auto lower = to_lower(trim(text));
  const auto found = std::ranges::find(known, std::string_view(lower), &Alias::text);
  if (found == known.end()) return std::nullopt;
  return found->level;
}

std::size_t utf16_units(std::string_view text) {
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0U) != 0x80U) ++units;
    if (byte >= 0xf0U) ++units;
  }
  return units;
}

// Null clears; words are trimmed, and none are no value.
std::optional<std::string> read_words(const json::object& arguments, std::string_view name,
                                      std::optional<std::string>& field) {
  const auto* sent = find(arguments, name);
  if (!sent) return std::nullopt;
  field = sent->is_null() ? "" : std::string(trim(sent->get_string()));
  if (!sent->is_null() && field->empty()) return fmt::format("invalid {}: empty", name);
  return std::nullopt;
}

std::optional<std::string> read_names(const json::object& arguments, const SessionKey& key,
                                      Patch& patch) {
  if (auto complaint = read_words(arguments, "spawnedBy", patch.spawned_by)) return complaint;
  const auto parts = parse_session_key(key.value);
  if (patch.spawned_by && !patch.spawned_by->empty() &&
      !(parts && parts->rest.starts_with("subagent:")))
    return "spawnedBy is only supported for subagent:* sessions";
  if (auto complaint = read_words(arguments, "label", patch.label)) return complaint;
  if (patch.label && utf16_units(*patch.label) > kLabelUnits)
    return fmt::format("invalid label: too long (max {})", kLabelUnits);
  if (auto complaint = read_words(arguments, "execNode", patch.exec_node)) return complaint;
  for (const auto* name : {&patch.spawned_by, &patch.exec_node})
    if (*name && (*name)->size() > kNameBytes)
      return fmt::format("invalid name: longer than {} bytes", kNameBytes);
  return std::nullopt;
}

}  // namespace

std::expected<Patch, std::string> read_session_patch(const json::object& arguments,
                                                     const SessionKey& key) {
  Patch patch;
  if (auto complaint = read_names(arguments, key, patch))
    return std::unexpected(std::move(*complaint));
  for (const auto& row : kLevels) {
    const auto* sent = find(arguments, row.name);
    if (!sent) continue;
    const auto level = sent->is_null() ? "" : level_of(row.known, sent->get_string());
    if (!level) return std::unexpected(fmt::format("invalid {} (use {})", row.name, row.use));
    patch.*row.field = *level == row.clears ? "" : std::string(*level);
  }
  return patch;
}

}  // namespace carapace::gateway

#include "domain/session_key.h"

#include <algorithm>

#include "base/text.h"

namespace carapace {
namespace {

constexpr std::size_t kMaxKeyBytes = 512;

bool is_agent_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

}  // namespace

bool is_agent_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text.front() != '_' && text.front() != '-' &&
         std::ranges::all_of(text, is_agent_char);
}

AgentId agent_slug(std::string_view text) {
  std::string out = to_lower(trim(text));
  std::ranges::replace_if(out, [](char c) { return !is_agent_char(c); }, '-');
  const auto begin = out.find_first_not_of("-_");
  out = begin == std::string::npos ? std::string() : out.substr(begin, 64);
  while (out.ends_with('-')) out.pop_back();
  return AgentId(out.empty() ? "main" : out);
}

std::optional<SessionKeyParts> parse_session_key(std::string_view key) {
  if (!key.starts_with("agent:")) return std::nullopt;
  key.remove_prefix(6);
  const auto colon = key.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon + 1 == key.size()) return std::nullopt;
  return SessionKeyParts{AgentId(std::string(key.substr(0, colon))),
                         std::string(key.substr(colon + 1))};
}

SessionKey main_session_key(const AgentId& agent) {
  return SessionKey("agent:" + agent.value + ":main");
}

std::optional<SessionKey> canonical_key(std::string_view raw, const AgentId& default_agent) {
  const std::string key = to_lower(trim(raw));
  if (key.empty() || key.size() > kMaxKeyBytes) return std::nullopt;
  if (key.find_first_of(std::string_view("\0\r\n", 3)) != std::string::npos) return std::nullopt;
  if (!is_valid_utf8(key)) return std::nullopt;
  if (key == "global" || key == "unknown") return SessionKey(key);
  if (const auto parts = parse_session_key(key))
    return SessionKey("agent:" + agent_slug(parts->agent.value).value + ":" + parts->rest);
  return SessionKey("agent:" + default_agent.value + ":" + key);
}

std::string_view session_kind(const SessionKey& key) {
  if (key.value == "global") return "global";
  if (key.value == "unknown") return "unknown";
  const auto parts = parse_session_key(key.value);
  const std::string_view rest = parts ? std::string_view(parts->rest) : std::string_view(key.value);
  for (const std::string_view marker : {":group:", ":channel:", ":room:"})
    if (rest.find(marker) != std::string_view::npos) return "group";
  return rest.starts_with("group:") || rest.starts_with("channel:") ? "group" : "direct";
}

}  // namespace carapace

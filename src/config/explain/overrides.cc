#include "config/explain/overrides.h"

#include <array>

namespace carapace::config {
namespace {

using std::string_view;

constexpr std::array<string_view, 3> kPort{"CARAPACE_GATEWAY_PORT", "CLAWDBOT_GATEWAY_PORT",
                                           "MOLTBOT_GATEWAY_PORT"};
constexpr std::array<string_view, 3> kToken{"CARAPACE_GATEWAY_TOKEN", "CLAWDBOT_GATEWAY_TOKEN",
                                            "MOLTBOT_GATEWAY_TOKEN"};
constexpr std::array<string_view, 3> kPassword{
    "CARAPACE_GATEWAY_PASSWORD", "CLAWDBOT_GATEWAY_PASSWORD", "MOLTBOT_GATEWAY_PASSWORD"};

constexpr std::array kOverrides{
    Override{"gateway.port", kPort, true},
    Override{"gateway.auth.token", kToken},
    Override{"gateway.auth.password", kPassword},
};

}  // namespace

std::span<const Override> overrides() { return kOverrides; }

const Override* override_of(string_view key) {
  for (const auto& one : kOverrides)
    if (one.key == key) return &one;
  return nullptr;
}

std::optional<Variable> variable_for(string_view key, const Environment& environment) {
  const auto* found = override_of(key);
  if (found == nullptr) return std::nullopt;
  for (const auto name : found->names)
    if (auto value = environment.get(name)) return Variable{std::string(name), std::move(*value)};
  return std::nullopt;
}

}  // namespace carapace::config

#include "config/explain/overrides.h"

#include <array>

namespace carapace::config {
namespace {

constexpr std::array kOverrides{
    Override{"gateway.port", "GATEWAY_PORT", true},
    Override{"gateway.auth.token", "GATEWAY_TOKEN"},
    Override{"gateway.auth.password", "GATEWAY_PASSWORD"},
};

}  // namespace

const Override* override_of(std::string_view key) {
  for (const auto& row : kOverrides)
    if (row.key == key) return &row;
  return nullptr;
}

const Override* override_named(std::string_view variable) {
  for (const auto& row : kOverrides)
    for (const auto& name : names_of(row))
      if (name == variable) return &row;
  return nullptr;
}

std::vector<std::string> names_of(const Override& row) {
  std::vector<std::string> names;
  for (const auto prefix : environment_prefixes())
    names.push_back(std::string(prefix) + std::string(row.rest));
  return names;
}

std::optional<std::string> spoken_for(std::string_view key, const Environment& environment) {
  const auto* row = override_of(key);
  return row == nullptr ? std::nullopt : environment.named(row->rest);
}

}  // namespace carapace::config

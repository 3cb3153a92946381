// `provider/model`, as people and configuration files write it. Value.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace carapace {

struct ModelRef {
  std::string provider;
  std::string model;  // may hold further slashes
  bool operator==(const ModelRef&) const = default;
  std::string text() const { return provider + "/" + model; }
};

// nullopt without a slash or with an empty part.
inline std::optional<ModelRef> parse_model_ref(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size())
    return std::nullopt;
  return ModelRef{std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

}  // namespace carapace

// Identities that cannot be mixed up: a string (or number) with a tag. Values; any thread.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace carapace {

template <typename Tag>
struct StrongId {
  std::string value;

  StrongId() = default;
  explicit StrongId(std::string text) : value(std::move(text)) {}
  bool empty() const { return value.empty(); }
  auto operator<=>(const StrongId&) const = default;
};

}  // namespace carapace

template <typename Tag>
struct std::hash<carapace::StrongId<Tag>> {
  std::size_t operator()(const carapace::StrongId<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.value);
  }
};

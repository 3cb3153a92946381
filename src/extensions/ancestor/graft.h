// The same keys at several places of the configuration (every channel, every account of one), put
// there while the program is compiled, so that all rows stay constant data.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "base/field_row.h"

namespace carapace::ancestor {

struct Place {
  std::string_view path;  // without the dot at its end
  Reload reload = Reload::none;
  std::string_view part = {};
  // What is left out is as somewhere else (an agent's settings as those of all agents), so the
  // defaults of the shape do not hold here.
  bool inherits = false;
};

// `kPlaces` is a constant array of Place, `kShape` one of rows whose paths begin below a place.
template <const auto& kPlaces, const auto& kShape>
class Graft {
  static constexpr std::size_t kCount = kPlaces.size() * kShape.size();

  static constexpr std::size_t bytes() {
    std::size_t sum = 0;
    for (const auto& place : kPlaces)
      for (const auto& row : kShape) sum += place.path.size() + 1 + row.path.size();
    return sum;
  }

  static constexpr std::array<char, bytes()> paths() {
    std::array<char, bytes()> out{};
    auto at = out.begin();
    for (const auto& place : kPlaces)
      for (const auto& row : kShape) {
        at = std::ranges::copy(place.path, at).out;
        *at++ = '.';
        at = std::ranges::copy(row.path, at).out;
      }
    return out;
  }
  static constexpr auto kPaths = paths();

  static constexpr std::array<FieldRow, kCount> rows() {
    std::array<FieldRow, kCount> out{};
    std::size_t at = 0;
    std::size_t next = 0;
    for (const auto& place : kPlaces)
      for (auto row : kShape) {
        const auto size = place.path.size() + 1 + row.path.size();
        row.path = {kPaths.data() + at, size};
        row.planned = true;
        row.reload = place.reload;
        row.part = place.part;
        if (place.inherits) row.fallback = {};
        out[next++] = row;
        at += size;
      }
    return out;
  }

 public:
  static constexpr auto kRows = rows();
};

// Several tables as one.
template <std::size_t... N>
constexpr auto joined(const std::array<FieldRow, N>&... tables) {
  std::array<FieldRow, (N + ...)> out{};
  auto at = out.begin();
  ((at = std::ranges::copy(tables, at).out), ...);
  return out;
}

}  // namespace carapace::ancestor

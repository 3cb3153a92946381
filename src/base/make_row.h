// Short ways to write a row, for tables of many keys. Constant expressions.
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <string_view>

#include "base/field_row.h"

namespace carapace::make_row {

inline constexpr double kMost = 9007199254740991.0;  // no upper bound of a whole number
inline constexpr double kAboveZero = std::numeric_limits<double>::denorm_min();

constexpr FieldRow of(FieldType type, std::string_view path, std::string_view description,
                      std::string_view fallback = {}) {
  FieldRow row;
  row.path = path;
  row.type = type;
  row.fallback = fallback;
  row.description = description;
  return row;
}
constexpr FieldRow flag(std::string_view path, std::string_view description,
                        std::string_view fallback = {}) {
  return of(FieldType::boolean, path, description, fallback);
}
constexpr FieldRow text(std::string_view path, std::string_view description,
                        std::string_view fallback = {}) {
  return of(FieldType::text, path, description, fallback);
}
constexpr FieldRow texts(std::string_view path, std::string_view description,
                         std::string_view fallback = {}) {
  return of(FieldType::text_list, path, description, fallback);
}
constexpr FieldRow map(std::string_view path, std::string_view description) {
  return of(FieldType::map, path, description);
}
constexpr FieldRow objects(std::string_view path, std::string_view description) {
  return of(FieldType::object_list, path, description);
}
constexpr FieldRow duration(std::string_view path, std::string_view description,
                            std::string_view fallback = {}) {
  return of(FieldType::duration, path, description, fallback);
}
constexpr FieldRow choice(std::string_view path, std::string_view one_of,
                          std::string_view description, std::string_view fallback = {}) {
  auto row = of(FieldType::text, path, description, fallback);
  row.one_of = one_of;
  return row;
}
constexpr FieldRow whole(std::string_view path, double min, double max,
                         std::string_view description, std::string_view fallback = {}) {
  auto row = of(FieldType::integer, path, description, fallback);
  row.min = min;
  row.max = max;
  return row;
}
constexpr FieldRow number(std::string_view path, double min, double max,
                          std::string_view description, std::string_view fallback = {}) {
  auto row = whole(path, min, max, description, fallback);
  row.type = FieldType::number;
  return row;
}
constexpr FieldRow secret(std::string_view path, std::string_view description) {
  auto row = text(path, description);
  row.secret = true;
  return row;
}
constexpr FieldRow secret_map(std::string_view path, std::string_view description) {
  auto row = map(path, description);
  row.secret = true;
  return row;
}

// Files may also have a value of this type.
constexpr FieldRow or_else(FieldRow row, FieldType also) {
  row.also = also;
  return row;
}
// Bounds: characters of a text, items of a list.
constexpr FieldRow sized(FieldRow row, double min, double max) {
  row.min = min;
  row.max = max;
  return row;
}
// See FieldRow::filled_in.
constexpr FieldRow filled(FieldRow row) {
  row.filled_in = true;
  return row;
}
// See FieldRow::guarded.
constexpr FieldRow guarded(FieldRow row) {
  row.guarded = true;
  return row;
}
// See FieldRow::required.
constexpr FieldRow required(FieldRow row) {
  row.required = true;
  return row;
}
// See FieldRow::same_as.
constexpr FieldRow as(FieldRow row, std::string_view same) {
  row.same_as = same;
  return row;
}

// Keys of other versions that change nothing here yet. Of a class where the row itself has none.
template <std::size_t N>
constexpr std::array<FieldRow, N> planned(std::array<FieldRow, N> rows, Reload reload,
                                          std::string_view part = {}) {
  for (auto& row : rows) {
    row.planned = true;
    row.reload = reload;
    row.part = part;
  }
  return rows;
}

}  // namespace carapace::make_row

// The parameters of a method as constant data, and the judge that compares what a client sent with
// them. The texts are those of the validator that the ancestor uses, in its order, because clients
// show them and tests match them: missing properties first, then unknown ones, then each known
// property in the order of the rows. Pure; any thread.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "base/json_fwd.h"

namespace carapace::rpc {

enum class ParamType : std::uint8_t {
  text,     // min, max: characters
  integer,  // min, max: value
  number,   // min, max: value
  boolean,
  any,
  constant,  // exactly the text in `one_of`
  choice,    // one of the texts in `one_of`, separated by '|'
  texts,     // array of texts, each of at least `item_min` characters; min, max: items
  list,      // array of anything; min, max: items
  object,    // `fields`, nothing else
  flags,     // object of booleans
};

inline constexpr std::int64_t kNoMin = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t kNoMax = std::numeric_limits<std::int64_t>::max();

struct ParamRow {
  std::string_view name;
  ParamType type = ParamType::text;
  bool required = false;
  bool nullable = false;
  std::int64_t min = kNoMin;
  std::int64_t max = kNoMax;
  std::string_view one_of = {};
  std::int64_t item_min = 0;
  const ParamRow* fields = nullptr;
  std::size_t field_count = 0;
};

struct ParamSchema {
  std::span<const ParamRow> rows;
  bool anything = false;  // no schema: whatever came is fine
};

inline constexpr ParamSchema kAnyParams{{}, true};

// Empty when `params` fits; else all violations, without repeats, joined by "; ". A null pointer
// means that no parameters were sent at all, which is no object.
std::string check_params(const ParamSchema& schema, const json::value* params);

}  // namespace carapace::rpc

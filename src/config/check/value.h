// What one row says about one value. Inside `config/` only. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/field_row.h"
#include "base/json_fwd.h"

namespace carapace::config {

struct Problem {
  std::string message;  // our sentence
  std::string wire;     // the ancestor's words, those of zod 4
  bool warning = false;
};

// nullopt when nothing is wrong. Looks at items of `text_list` and `object_list` too (`item` says
// which one is wrong), not at what lies below. A secret is never quoted back.
std::optional<Problem> problem_of(const FieldRow& row, const json::value& value,
                                  std::optional<std::size_t>& item);

// "text", "a list": how people call what stands there.
std::string_view kind_of(const json::value& value);
// "string", "array": how protocol 3 calls it.
std::string_view wire_kind_of(const json::value& value);

// "30m", "1h30m", "1.5h", "90" (units ms, s, m, h, d)
bool is_duration(std::string_view text);

// What protocol 3 says of a required key that is missing: "Invalid input: expected string, received
// undefined".
std::string wire_of_missing(const FieldRow& row);

}  // namespace carapace::config

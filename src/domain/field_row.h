// One configuration key as constant data (the rows are config/fields.cc). Validation, defaults,
// redaction and help are derived from these rows. Value.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace carapace {

enum class FieldType : std::uint8_t {
  boolean,
  integer,
  number,
  text,
  text_list,
  object,
  object_list,
  map
};
enum class Reload : std::uint8_t { hot, subsystem, restart };

struct FieldRow {
  std::string_view path;  // dotted; `*` stands for any key of a map or any index of a list
  FieldType type = FieldType::text;
  std::string_view fallback;     // default as JSON text; empty: none
  std::string_view description;  // one sentence, ends with a full stop
  std::string_view one_of;       // allowed values separated by '|'; empty: any
  double min = 0;
  double max = 0;  // min == max: unbounded
  bool secret = false;
  Reload reload = Reload::restart;
};

}  // namespace carapace

#include "config/typed_value.h"

#include "base/json.h"
#include "base/text.h"
#include "config/json5.h"

namespace carapace::config {

json::value typed_value(std::string_view typed, const FieldRow* row) {
  auto parsed = parse_json5(typed);
  const bool wants_text = row != nullptr && row->type == FieldType::text;
  if (wants_text && !(parsed && parsed->is_string())) return json::string(typed);
  if (parsed) return std::move(*parsed);
  if (row == nullptr || row->type != FieldType::text_list) return json::string(typed);
  json::array list;
  for (const auto part : split(typed, ',')) list.emplace_back(trim(part));
  return list;
}

}  // namespace carapace::config

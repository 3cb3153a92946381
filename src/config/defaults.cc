#include "config/defaults.h"

#include "base/json.h"
#include "base/text.h"

namespace carapace::config {
namespace {

// The member, made when it is missing; nullptr below what is no object.
json::value* put(json::value* at, std::string_view key, bool& made) {
  auto* object = at == nullptr ? nullptr : at->if_object();
  if (object == nullptr) return nullptr;
  const auto [place, fresh] = object->emplace(key, nullptr);
  made = fresh;
  return &place->value();
}

void fill(json::value& tree, const FieldRow& row) {
  auto* at = &tree;
  bool made = false;
  for (const auto part : split(row.path, '.')) {
    if (made) *at = json::object(at->storage());  // a section that only now comes into being
    at = put(at, part, made);
    if (at == nullptr) return;
  }
  if (!made && (!row.fixed || at->is_null())) return;
  auto value = parse_json(row.fallback);
  CARAPACE_CHECK(value.has_value());
  *at = std::move(*value);
}

}  // namespace

json::value with_defaults(json::value tree, const Schema& schema) {
  if (!tree.is_object()) tree = json::object();
  for (const auto& row : schema.rows())
    if (row.filled_in && !row.fallback.empty() && !row.path.contains('*')) fill(tree, row);
  return tree;
}

}  // namespace carapace::config

#include "config/text/same_tree.h"

#include <algorithm>
#include <cmath>

#include "base/json.h"

namespace carapace::config {

bool same_tree(const json::value& a, const json::value& b) {
  if (const auto* object = a.if_object()) {
    const auto* other = b.if_object();
    return other != nullptr && object->size() == other->size() &&
           std::ranges::all_of(*object, [other](const json::key_value_pair& member) {
             const auto* found = other->if_contains(member.key());
             return found != nullptr && same_tree(member.value(), *found);
           });
  }
  if (const auto* list = a.if_array()) {
    const auto* other = b.if_array();
    return other != nullptr && std::ranges::equal(*list, *other, same_tree);
  }
  const auto is_nan = [](const json::value& value) {
    return value.is_double() && std::isnan(value.get_double());
  };
  // Of numbers the values are compared, whatever their kinds.
  return a == b || (is_nan(a) && is_nan(b)) ||
         (a.is_number() && b.is_number() && (a.is_double() || b.is_double()) &&
          a.to_number<double>() == b.to_number<double>());
}

}  // namespace carapace::config

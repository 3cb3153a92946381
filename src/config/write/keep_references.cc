#include "config/write/keep_references.h"

#include <string_view>

#include "base/json.h"
#include "config/text/same_tree.h"
#include "config/text/substitute.h"

namespace carapace::config {
namespace {

void keep_in_list(json::array& sent, const json::array& old, const json::array& filled) {
  if (old.size() != filled.size()) return;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const bool here = i < old.size() && same_tree(sent[i], filled[i]);
    std::size_t from = here ? i : 0;
    while (!here && from < old.size() && !same_tree(sent[i], filled[from])) ++from;
    if (from < old.size())
      sent[i] = old[from];
    else if (i < old.size())
      keep_references(sent[i], old[i], filled[i]);
  }
}

}  // namespace

void keep_references(json::value& sent, const json::value& old, const json::value& filled) {
  auto* object = sent.if_object();
  auto* list = sent.if_array();
  if (object != nullptr && old.is_object() && filled.is_object()) {
    for (auto& member : *object) {
      const auto* before = old.get_object().if_contains(member.key());
      const auto* value = filled.get_object().if_contains(member.key());
      if (before != nullptr && value != nullptr) keep_references(member.value(), *before, *value);
    }
  } else if (list != nullptr && old.is_array() && filled.is_array()) {
    keep_in_list(*list, old.get_array(), filled.get_array());
  } else if (sent.is_string() && old.is_string() && filled.is_string() && sent == filled &&
             has_reference(std::string_view(old.get_string()))) {
    sent = old;
  }
}

}  // namespace carapace::config

#include "log/redact.h"
#include "base/json.h"
#include "config/check/node.h"
#include "config/text/substitute.h"

namespace carapace::config {
namespace {

using std::string_view;

struct Open {
  json::value* value = nullptr;
  const SchemaWalk::Node* node = nullptr;
  bool secret = false;
};

void mask_text(json::string& text, bool secret, string_view mask) {
  if (text.empty()) return;
  if (!secret) {
    text = log::redact(text);
  } else if (!has_reference(text)) {
    text = mask;
  }
}

}  // namespace

json::value redacted(const json::value& tree, const Schema& schema, string_view mask) {
  const SchemaWalk walk(schema);
  json::value copy = tree;
  // A list of what is left to look at instead of recursion: the tree may be as deep as it likes.
  std::vector<Open> open{{.value = &copy, .node = &walk.root(), .secret = false}};
  while (!open.empty()) {
    const auto [value, node, secret] = open.back();
    open.pop_back();
    if (auto* object = value->if_object()) {
      for (auto& member : *object) {
        const auto* child = node == nullptr ? nullptr : walk.child(*node, member.key());
        open.push_back(
            {&member.value(), child, secret || SchemaWalk::is_secret(child, member.key())});
      }
    } else if (auto* list = value->if_array()) {
      const auto* item = node == nullptr ? nullptr : walk.any(*node);
      const bool hidden = secret || (item != nullptr && item->row != nullptr && item->row->secret);
      for (auto& one : *list) open.push_back({&one, item, hidden});
    } else if (auto* text = value->if_string()) {
      mask_text(*text, secret, mask);
    } else if (secret && value->is_number()) {
      *value = nullptr;
    }
  }
  return copy;
}

}  // namespace carapace::config

#include "config/read/plain_secrets.h"

#include <string>

#include "base/json.h"
#include "config/secret_opener.h"
#include "config/text/substitute.h"

namespace carapace::config {
namespace {

void collect(const json::value& value, KeyPath& path, const Schema& schema,
             std::vector<KeyPath>& out) {
  if (const auto* object = value.if_object()) {
    for (const auto& [name, child] : *object) {
      path.emplace_back(name);
      collect(child, path, schema, out);
      path.pop_back();
    }
  } else if (const auto* list = value.if_array()) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      path.push_back(std::to_string(i));
      collect((*list)[i], path, schema, out);
      path.pop_back();
    }
  } else if (const auto* text = value.if_string();
             text != nullptr && is_plain_secret(*text) && schema.is_secret(path)) {
    out.push_back(path);
  }
}

}  // namespace

bool is_plain_secret(std::string_view text) {
  return text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") !=
             std::string_view::npos &&
         !SecretOpener::is_reference(text) && !has_reference(text);
}

std::vector<KeyPath> plain_secrets(const json::value& tree, const Schema& schema) {
  std::vector<KeyPath> out;
  KeyPath path;
  collect(tree, path, schema, out);
  return out;
}

}  // namespace carapace::config

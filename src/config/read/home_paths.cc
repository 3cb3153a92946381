#include "config/read/home_paths.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/text.h"

namespace carapace::config {
namespace {

using std::string_view;

constexpr std::array<string_view, 6> kEndings{"dir", "path", "paths", "file", "root", "workspace"};
constexpr std::array<string_view, 3> kLists{"paths", "pathPrepend", "roots"};

bool is_path_key(string_view key) {
  return std::ranges::any_of(kEndings, [key](string_view ending) {
    return key.size() >= ending.size() && iequals(key.substr(key.size() - ending.size()), ending);
  });
}

void expand(json::value& value, string_view key, const Environment& environment) {
  if (auto* text = value.if_string()) {
    if (text->starts_with('~') && is_path_key(key)) *text = expand_home(*text, environment);
  } else if (auto* object = value.if_object()) {
    for (auto& member : *object) expand(member.value(), member.key(), environment);
  } else if (auto* list = value.if_array()) {
    const bool paths = std::ranges::find(kLists, key) != kLists.end();
    for (auto& item : *list) expand(item, paths ? string_view("path") : string_view(), environment);
  }
}

}  // namespace

void expand_home_paths(json::value& tree, const Environment& environment) {
  auto* root = tree.if_object();
  if (root == nullptr) return;
  for (auto& member : *root)
    if (member.key() != "env") expand(member.value(), member.key(), environment);
}

}  // namespace carapace::config

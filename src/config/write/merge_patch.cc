#include "config/write/merge_patch.h"

#include <deque>
#include <optional>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "config/edit.h"
#include "config/json5.h"
#include "config/text/same_tree.h"
#include "config/text/text_edit.h"

namespace carapace::config {
namespace {

using Kind = Json5Node::Kind;

// What has to be written so that it, on top of `merged`, gives the patched value; nullopt when
// there is nothing to write.
std::optional<json::value> addition(const json::value* merged, const json::value& patch) {
  const auto* object = patch.if_object();
  const auto* under = merged == nullptr ? nullptr : merged->if_object();
  if (object == nullptr || under == nullptr) {
    auto whole = merge_patch(nullptr, patch);
    if (merged != nullptr && same_tree(*merged, whole)) return std::nullopt;
    return whole;
  }
  json::object out;
  for (const auto& member : *object) {
    if (member.value().is_null()) continue;
    if (auto value = addition(under->if_contains(member.key()), member.value()))
      out[member.key()] = std::move(*value);
  }
  return out.empty() ? std::nullopt : std::optional<json::value>(std::move(out));
}

class Patcher {
 public:
  explicit Patcher(TextEdit& edit) : edit_(edit) {}

  void object(const Json5Node& own, const json::object& merged, const json::object& patch) {
    std::vector<std::size_t> removed;
    std::vector<TextEdit::Added> added;
    for (std::size_t i = 0; i < own.members.size(); ++i) {
      const auto* wanted = patch.if_contains(own.members[i].key);
      if (wanted != nullptr && wanted->is_null()) removed.push_back(i);
    }
    for (const auto& member : patch)
      if (!member.value().is_null()) one(own, merged.if_contains(member.key()), member, added);
    edit_.change(own, removed, added);
  }

 private:
  void one(const Json5Node& own, const json::value* merged, const json::key_value_pair& member,
           std::vector<TextEdit::Added>& added) {
    const auto* here = member_of(own, member.key());
    const auto* patch = member.value().if_object();
    const auto* under = merged == nullptr ? nullptr : merged->if_object();
    if (here != nullptr && here->kind == Kind::object && under != nullptr && patch != nullptr)
      return object(*here, *under, *patch);
    auto value = addition(merged, member.value());
    if (!value) return;
    if (here != nullptr)
      return edit_.replace(*here,
                           merge_patch(merged == nullptr ? nullptr : *merged, member.value()));
    added.push_back({std::string(member.key()), &kept_.emplace_back(std::move(*value))});
  }

  TextEdit& edit_;
  std::deque<json::value> kept_;  // what `added` points at
};

}  // namespace

json::value merge_patch(json::value target, const json::value& patch) {
  const auto* object = patch.if_object();
  if (object == nullptr) return patch;
  if (!target.is_object()) target = json::object();
  auto& out = target.get_object();
  for (const auto& member : *object) {
    if (member.value().is_null()) {
      out.erase(member.key());
    } else {
      auto& place = out[member.key()];
      place = merge_patch(std::move(place), member.value());
    }
  }
  return target;
}

Result<std::string> merge_patch_in_text(std::string_view text, const json::value& merged,
                                        const json::value& patch) {
  if (!patch.is_object()) return fail(Errc::invalid_request, "the patch must be an object");
  if (trim(text).empty()) return pretty_json(merge_patch(nullptr, patch)) + "\n";
  const auto root = read_json5(text);
  if (!root)
    return fail(Errc::invalid_request, "line {}, column {}: {}", root.error().line,
                root.error().column, root.error().what);
  if (root->kind != Kind::object || !merged.is_object())
    return fail(Errc::invalid_request, "the file holds no object");
  TextEdit edit(text, *root);
  Patcher(edit).object(*root, merged.get_object(), patch.get_object());
  return edit.text();
}

}  // namespace carapace::config

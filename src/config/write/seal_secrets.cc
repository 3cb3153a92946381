#include "config/write/seal_secrets.h"

#include <charconv>

#include "base/json.h"
#include "base/text.h"
#include "config/json5.h"
#include "config/secret_opener.h"
#include "config/text/substitute.h"
#include "config/text/text_edit.h"
#include "secret/envelope.h"

namespace carapace::config {
namespace {

using std::string_view;
using Kind = Json5Node::Kind;

const json::value* inside(const json::value* value, string_view part) {
  if (value == nullptr) return nullptr;
  if (const auto* object = value->if_object()) return object->if_contains(part);
  const auto* list = value->if_array();
  std::size_t index = 0;
  std::from_chars(part.data(), part.data() + part.size(), index);
  return list != nullptr && index < list->size() ? &(*list)[index] : nullptr;
}

// The first envelope that stands there already; empty when there is none.
string_view any_envelope(const json::value& value) {
  if (const auto* text = value.if_string())
    return secret::is_envelope(string_view(*text)) ? string_view(*text) : string_view();
  if (const auto* object = value.if_object())
    for (const auto& member : *object)
      if (const auto found = any_envelope(member.value()); !found.empty()) return found;
  if (const auto* list = value.if_array())
    for (const auto& item : *list)
      if (const auto found = any_envelope(item); !found.empty()) return found;
  return {};
}

class Sealer {
 public:
  Sealer(const SealRules& rules, TextEdit& edit, SealedText& out)
      : rules_(rules), edit_(edit), out_(out) {}

  Status walk(const Json5Node& node, const json::value* before) {
    if (node.kind == Kind::text) return leaf(node, before);
    for (const auto& member : node.members) {
      path_.push_back(member.key);
      TRY_STATUS(walk(member.value, inside(before, member.key)));
      path_.pop_back();
    }
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      path_.push_back(std::to_string(i));
      TRY_STATUS(walk(node.items[i], inside(before, path_.back())));
      path_.pop_back();
    }
    return {};
  }

 private:
  Status leaf(const Json5Node& node, const json::value* before) {
    if (node.text.empty() || !rules_.schema.is_secret(path_)) return {};
    const auto* old = before == nullptr ? nullptr : before->if_string();
    if (old != nullptr && string_view(*old) == node.text) return {};
    const bool locked = rules_.envelopes == nullptr || rules_.envelopes->locked();
    const bool sealed_before = old != nullptr && secret::is_envelope(string_view(*old));
    if (SecretOpener::is_reference(node.text) || has_reference(node.text)) return {};
    if (locked && sealed_before)
      return fail(Errc::forbidden,
                  "{} is encrypted and locked: without CARAPACE_CONFIG_PASSWORD it is not replaced "
                  "by plain text. Give the password, or take the key out first.",
                  to_text(path_));
    if (locked) return {};
    if (sealed_before) {
      const auto opened = rules_.envelopes->open(string_view(*old));
      if (opened && opened->equals(node.text)) {
        put(node, string_view(*old));
        return {};
      }
    }
    TRY(const auto sealed, rules_.envelopes->seal(node.text, rules_.random));
    put(node, sealed);
    return {};
  }

  void put(const Json5Node& node, string_view text) {
    edit_.cut(node.begin, node.end, json::serialize(json::string(text)));
    out_.envelopes.emplace_back(path_, std::string(text));
  }

  const SealRules& rules_;
  TextEdit& edit_;
  SealedText& out_;
  KeyPath path_;
};

}  // namespace

Result<SealedText> seal_secrets(string_view text, const json::value& before,
                                const SealRules& rules) {
  SealedText out{std::string(text), {}};
  const auto root = trim(text).empty() ? read_json5("{}") : read_json5(text);
  if (!root) return out;  // the reader says what is wrong with it
  // A salt costs whoever opens it a key derivation, so a file has one.
  if (rules.envelopes != nullptr && !rules.envelopes->locked())
    if (const auto known = any_envelope(before); !known.empty())
      rules.envelopes->share_salt_with(known);
  TextEdit edit(text, *root);
  TRY_STATUS(Sealer(rules, edit, out).walk(*root, &before));
  if (!edit.empty()) out.text = edit.text();
  return out;
}

}  // namespace carapace::config

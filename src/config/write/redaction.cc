#include "config/write/redaction.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "config/secret_opener.h"
#include "config/text/comments.h"
#include "config/text/substitute.h"
#include "config/text/text_edit.h"
#include "log/redact.h"
#include "secret/envelope.h"

namespace carapace::config {
namespace {

using std::string_view;
using Kind = Json5Node::Kind;

// Shorter ones stand in everyday words: they are hidden where the key says so, and nowhere else.
constexpr std::size_t kTelling = 6;

}  // namespace

bool is_shown_reference(string_view text) {
  if (secret::is_envelope(text)) return false;
  if (SecretOpener::is_reference(text)) return log::redact(text) == text;
  // Nothing but variables: what stands beside them could be half of the secret.
  while (text.starts_with("${")) {
    const auto end = text.find('}');
    if (end == string_view::npos || !has_reference(text.substr(0, end + 1))) return false;
    text.remove_prefix(end + 1);
    if (text.empty()) return true;
  }
  return false;
}

Redaction::Redaction(const Schema& schema, const std::vector<const json::value*>& trees)
    : schema_(schema) {
  KeyPath path;
  for (const auto* tree : trees) learn(*tree, path);
  std::ranges::sort(known_);
  known_.erase(std::ranges::unique(known_).begin(), known_.end());
}

void Redaction::learn(const json::value& value, KeyPath& path) {
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object) {
      path.emplace_back(member.key());
      learn(member.value(), path);
      path.pop_back();
    }
  } else if (const auto* list = value.if_array()) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      path.push_back(std::to_string(i));
      learn((*list)[i], path);
      path.pop_back();
    }
  } else if (const auto* text = value.if_string(); text != nullptr && text->size() >= kTelling) {
    if (schema_.is_secret(path) && !is_shown_reference(*text)) known_.emplace_back(*text);
  }
}

bool Redaction::hides_text(string_view text) const {
  return log::redact(text) != text ||
         std::ranges::any_of(known_, [text](const std::string& one) { return text.contains(one); });
}

bool Redaction::hides(const KeyPath& path, const json::value& value) const {
  if (const auto* text = value.if_string()) {
    if (text->empty()) return false;
    return schema_.is_secret(path) ? !is_shown_reference(*text) : hides_text(*text);
  }
  return value.is_number() && schema_.is_secret(path);
}

bool Redaction::keeps(const KeyPath& path, const json::value& value) const {
  const auto* text = value.if_string();
  return hides(path, value) || (text != nullptr && !text->empty() && schema_.is_secret(path));
}

void Redaction::mask(json::value& value, KeyPath& path) const {
  if (auto* object = value.if_object()) {
    for (auto& member : *object) {
      path.emplace_back(member.key());
      mask(member.value(), path);
      path.pop_back();
    }
  } else if (auto* list = value.if_array()) {
    for (std::size_t i = 0; i < list->size(); ++i) {
      path.push_back(std::to_string(i));
      mask((*list)[i], path);
      path.pop_back();
    }
  } else if (hides(path, value)) {
    value = kRedactedMark;
  }
}

json::value Redaction::masked(const json::value& tree) const {
  json::value copy = tree;
  KeyPath path;
  mask(copy, path);
  return copy;
}

namespace {

// Calls `visit(path, node)` for each value that is neither object nor list, members that a later
// one of the same name hides included.
template <typename Visit>
void each_leaf(const Json5Node& node, KeyPath& path, const Visit& visit) {
  if (node.kind == Kind::object) {
    for (const auto& member : node.members) {
      path.push_back(member.key);
      each_leaf(member.value, path, visit);
      path.pop_back();
    }
  } else if (node.kind == Kind::list) {
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      path.push_back(std::to_string(i));
      each_leaf(node.items[i], path, visit);
      path.pop_back();
    }
  } else {
    visit(path, node);
  }
}

std::string masked_comment(bool block) {
  return block ? fmt::format("/* {} */", kRedactedMark) : fmt::format("// {}", kRedactedMark);
}

}  // namespace

std::optional<std::string> Redaction::masked_text(string_view text) const {
  if (trim(text).empty()) return std::string(text);
  const auto root = read_json5(text);
  if (!root) return std::nullopt;
  // Also what a later key of the same name hides is a secret.
  auto all = *this;
  KeyPath path;
  each_leaf(*root, path, [&all](KeyPath& at, const Json5Node& node) {
    if (node.kind == Kind::text) all.learn(json::string(node.text), at);
  });
  TextEdit edit(text, *root);
  each_leaf(*root, path, [&](const KeyPath& at, const Json5Node& node) {
    if (!all.hides(at, to_json(node))) return;
    const char quote = text[node.begin] == '\'' ? '\'' : '"';
    edit.cut(node.begin, node.end, fmt::format("{0}{1}{0}", quote, kRedactedMark));
  });
  for (const auto& comment : comments_of(text))
    if (all.hides_text(text.substr(comment.begin, comment.end - comment.begin)))
      edit.cut(comment.begin, comment.end, masked_comment(comment.block));
  return edit.text();
}

std::string Redaction::masked_sentence(string_view text) const {
  std::string sentence(text);
  for (const auto& one : known_) sentence = replace_all(std::move(sentence), one, kRedactedMark);
  // The mark itself has the shape of a key and would be shortened like one.
  std::string out;
  for (string_view rest = sentence;;) {
    const auto mark = rest.find(kRedactedMark);
    out += log::redact(rest.substr(0, mark));
    if (mark == string_view::npos) return out;
    out += kRedactedMark;
    rest.remove_prefix(mark + kRedactedMark.size());
  }
}

}  // namespace carapace::config

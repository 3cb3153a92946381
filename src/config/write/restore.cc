// The way back of a redacted configuration: marks become the values that they stand for.
#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "base/text.h"
#include "config/text/comments.h"
#include "config/text/same_tree.h"
#include "config/text/text_edit.h"
#include "config/write/redaction.h"

namespace carapace::config {
namespace {

using std::string_view;
using Kind = Json5Node::Kind;

bool holds_mark(const json::value& value) {
  if (const auto* object = value.if_object())
    return std::ranges::any_of(*object, [](const json::key_value_pair& member) {
      return string_view(member.key()).contains(kRedactedMark) || holds_mark(member.value());
    });
  if (const auto* list = value.if_array()) return std::ranges::any_of(*list, holds_mark);
  const auto* text = value.if_string();
  return text != nullptr && string_view(*text).contains(kRedactedMark);
}

// What tells the items of a list apart.
constexpr string_view kIdentities[] = {"id", "name", "key", "agentId", "accountId"};

std::optional<string_view> identity(const json::value& item, string_view key) {
  const auto* object = item.if_object();
  return object == nullptr ? std::nullopt : find_string(*object, key);
}

// The only item of the list that `matches`; nullopt when there is none, or several.
template <typename Matches>
std::optional<std::size_t> only(const json::array& list, const Matches& matches) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!matches(list[i])) continue;
    if (found) return std::nullopt;
    found = i;
  }
  return found;
}

// Which item of the old list each new one is. `masked` is the old list as it was shown.
std::vector<std::optional<std::size_t>> paired(const json::array& sent, const json::array& masked) {
  std::vector<std::optional<std::size_t>> pairs(sent.size());
  const auto same_here = [&](std::size_t i) {
    return i < masked.size() && i < sent.size() && same_tree(sent[i], masked[i]);
  };
  std::size_t unchanged = 0;
  for (std::size_t i = 0; i < sent.size(); ++i) unchanged += same_here(i) ? 1 : 0;
  // Nothing moved: all the old ones stand where they stood, one may be changed.
  const bool in_place = (unchanged == masked.size() && sent.size() >= masked.size()) ||
                        (sent.size() == masked.size() && unchanged + 1 == masked.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    bool named = false;
    for (const auto key : kIdentities) {
      const auto mine = identity(sent[i], key);
      if (!mine || mine->empty()) continue;
      const auto same_name = [&](const json::value& item) { return identity(item, key) == mine; };
      named = true;  // an item with a name of its own is no other one
      if (only(sent, same_name)) pairs[i] = only(masked, same_name);
      break;
    }
    if (named) continue;
    const auto same = [&](const json::value& item) { return same_tree(item, sent[i]); };
    if (in_place && i < masked.size()) {
      pairs[i] = i;
    } else if (only(sent, same)) {
      pairs[i] = only(masked, same);
    }
  }
  return pairs;
}

class Restorer {
 public:
  Restorer(const Redaction& redaction, std::vector<Redaction::Place>* places)
      : redaction_(redaction), places_(places) {}

  Status value(json::value& sent, const json::value* old) {
    if (auto* object = sent.if_object()) return members(*object, old);
    if (auto* list = sent.if_array()) return items(*list, old);
    const auto* text = sent.if_string();
    if (text == nullptr || !string_view(*text).contains(kRedactedMark)) return {};
    if (string_view(*text) != kRedactedMark || old == nullptr || !redaction_.keeps(before_, *old))
      return fail(Errc::invalid_request,
                  "{}: {} stands for a secret that the file has at this place, and it has none. "
                  "Send the value itself, or leave the key out.",
                  to_text(now_), kRedactedMark);
    sent = *old;
    if (places_ != nullptr) places_->push_back({now_, before_});
    return {};
  }

 private:
  Status members(json::object& sent, const json::value* old) {
    const auto* under = old == nullptr ? nullptr : old->if_object();
    for (auto& member : sent) {
      const string_view key = member.key();
      if (key.contains(kRedactedMark))
        return fail(Errc::invalid_request, "{}: {} is no key", to_text(now_), kRedactedMark);
      TRY_STATUS(step(std::string(key), std::string(key), member.value(),
                      under == nullptr ? nullptr : under->if_contains(key)));
    }
    return {};
  }

  Status items(json::array& sent, const json::value* old) {
    if (!std::ranges::any_of(sent, holds_mark)) return {};
    const auto* under = old == nullptr ? nullptr : old->if_array();
    if (under == nullptr) {
      for (std::size_t i = 0; i < sent.size(); ++i)
        TRY_STATUS(step(std::to_string(i), std::to_string(i), sent[i], nullptr));
      return {};
    }
    const auto pairs = paired(sent, masked(*under));
    for (std::size_t i = 0; i < sent.size(); ++i) {
      if (!holds_mark(sent[i])) continue;
      const auto from = pairs[i];
      const bool twice = from && std::ranges::count(pairs, from) > 1;
      if (!from || twice)
        return fail(
            Errc::invalid_request,
            "{}: the list has changed in a way that leaves open whose secret {} stands for. "
            "Give its items an id, or send the value itself.",
            child_path(to_text(now_), i), kRedactedMark);
      TRY_STATUS(step(std::to_string(i), std::to_string(*from), sent[i], &(*under)[*from]));
    }
    return {};
  }

  Status step(std::string now, std::string before, json::value& sent, const json::value* old) {
    now_.push_back(std::move(now));
    before_.push_back(std::move(before));
    auto status = value(sent, old);
    now_.pop_back();
    before_.pop_back();
    return status;
  }

  // The old list as it was shown to whoever sends it back.
  json::array masked(const json::array& list) const {
    json::array out = list;
    auto path = before_;
    for (std::size_t i = 0; i < out.size(); ++i) {
      path.push_back(std::to_string(i));
      redaction_.mask(out[i], path);
      path.pop_back();
    }
    return out;
  }

  const Redaction& redaction_;
  std::vector<Redaction::Place>* places_;
  KeyPath now_;
  KeyPath before_;
};

const Json5Node* node_at(const Json5Node& root, const KeyPath& path) {
  const auto* at = &root;
  for (const auto& part : path) {
    std::size_t index = 0;
    if (at->kind == Kind::object) {
      at = member_of(*at, part);
    } else if (std::from_chars(part.data(), part.data() + part.size(), index).ec == std::errc() &&
               index < at->items.size()) {
      at = &at->items[index];
    } else {
      return nullptr;
    }
    if (at == nullptr) return nullptr;
  }
  return at;
}

const json::value* value_at(const json::value& tree, const KeyPath& path) {
  const auto* at = &tree;
  for (const auto& part : path) {
    std::size_t index = 0;
    if (const auto* object = at->if_object()) {
      at = object->if_contains(part);
    } else if (const auto* list = at->if_array()) {
      std::from_chars(part.data(), part.data() + part.size(), index);
      at = index < list->size() ? &(*list)[index] : nullptr;
    } else {
      return nullptr;
    }
    if (at == nullptr) return nullptr;
  }
  return at;
}

struct TwoTexts {
  string_view now;
  string_view before;
};

string_view bytes_of(string_view text, const Json5Node& node) {
  return text.substr(node.begin, node.end - node.begin);
}

// Of several members with one name only the last one counts; the others come back when they are as
// many as they were.
void restore_shadowed(TextEdit& edit, const TwoTexts& texts, const Redaction& redaction,
                      const Json5Node& now, const Json5Node& before, KeyPath& path) {
  if (now.kind != Kind::object || before.kind != Kind::object) return;
  for (const auto& member : now.members) {
    std::vector<const Json5Member*> mine;
    std::vector<const Json5Member*> theirs;
    for (const auto& one : now.members)
      if (one.key == member.key) mine.push_back(&one);
    for (const auto& one : before.members)
      if (one.key == member.key) theirs.push_back(&one);
    path.push_back(member.key);
    if (&member == mine.back() && !theirs.empty())
      restore_shadowed(edit, texts, redaction, member.value, theirs.back()->value, path);
    if (&member != mine.back() && mine.size() == theirs.size()) {
      const auto& old =
          theirs[static_cast<std::size_t>(std::ranges::find(mine, &member) - mine.begin())]->value;
      const bool marked = member.value.kind == Kind::text && member.value.text == kRedactedMark;
      if (marked && redaction.hides(path, to_json(old)))
        edit.cut(member.value.begin, member.value.end, std::string(bytes_of(texts.before, old)));
    }
    path.pop_back();
  }
}

void restore_comments(TextEdit& edit, const TwoTexts& texts, string_view masked_before) {
  const auto old = comments_of(texts.before);
  const auto shown = comments_of(masked_before);
  if (old.size() != shown.size()) return;
  const auto hidden = [](string_view text, const Comment& comment) {
    return text.substr(comment.begin, comment.end - comment.begin).contains(kRedactedMark);
  };
  std::vector<Comment> wanted;
  for (const auto& comment : comments_of(texts.now))
    if (hidden(texts.now, comment)) wanted.push_back(comment);
  std::vector<Comment> kept;
  for (std::size_t i = 0; i < old.size(); ++i)
    if (hidden(masked_before, shown[i])) kept.push_back(old[i]);
  if (wanted.size() != kept.size()) return;
  for (std::size_t i = 0; i < kept.size(); ++i)
    edit.cut(wanted[i].begin, wanted[i].end,
             std::string(texts.before.substr(kept[i].begin, kept[i].end - kept[i].begin)));
}

}  // namespace

Result<json::value> Redaction::restored(json::value sent, const json::value& old,
                                        std::vector<Place>* places) const {
  if (!holds_mark(sent)) return sent;
  TRY_STATUS(Restorer(*this, places).value(sent, &old));
  return sent;
}

Result<std::string> Redaction::restored_text(string_view sent, string_view old_text,
                                             const json::value& old) const {
  if (!sent.contains(kRedactedMark)) return std::string(sent);
  const auto root = read_json5(sent);
  if (!root)
    return fail(Errc::invalid_request, "line {}, column {}: {}", root.error().line,
                root.error().column, root.error().what);
  std::vector<Place> places;
  TRY(const auto tree, restored(to_json(*root), old, &places));
  const auto before = trim(old_text).empty() ? read_json5("{}") : read_json5(old_text);
  TextEdit edit(sent, *root);
  for (const auto& place : places) {
    const auto* node = node_at(*root, place.now);
    const auto* value = value_at(tree, place.now);
    CARAPACE_CHECK(node != nullptr && value != nullptr);
    const auto* there = before ? node_at(*before, place.before) : nullptr;
    // Whoever writes other quotes writes another form of the file, perhaps plain JSON.
    const bool quotes = there != nullptr &&
                        (there->kind != Kind::text || old_text[there->begin] == sent[node->begin]);
    const bool same = quotes && same_tree(to_json(*there), *value);
    edit.cut(node->begin, node->end,
             same ? std::string(bytes_of(old_text, *there)) : json::serialize(*value));
  }
  if (before) {
    KeyPath path;
    const TwoTexts texts{sent, old_text};
    restore_shadowed(edit, texts, *this, *root, *before, path);
    if (const auto shown = masked_text(old_text)) restore_comments(edit, texts, *shown);
  }
  auto out = edit.text();
  if (const auto at = out.find(kRedactedMark); at != std::string::npos)
    return fail(Errc::invalid_request,
                "line {}: {} stands for something that was taken out of the file, and it is not "
                "clear what. Send the text itself, or leave it out.",
                problem_at(out, at, "").line, kRedactedMark);
  return out;
}

}  // namespace carapace::config

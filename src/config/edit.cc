#include "config/edit.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/json.h"
#include "base/text.h"
#include "config/json5.h"

namespace carapace::config {
namespace {

using std::string_view;
using Kind = Json5Node::Kind;

// How a document writes its keys and indents; new text follows it.
struct Style {
  bool quoted_keys = false;
  std::string unit = "  ";
};

std::string key_text(string_view key, bool quoted) {
  return quoted || !is_plain_key(key) ? json::serialize(json::string(key)) : std::string(key);
}

void append_pretty(std::string& out, const json::value& value, const std::string& indent,
                   const Style& style) {
  const auto inner = indent + style.unit;
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    out += "{\n";
    bool first = true;
    for (const auto& member : *object) {
      if (!first) out += ",\n";
      first = false;
      out += inner + key_text(string_view(member.key()), style.quoted_keys) + ": ";
      append_pretty(out, member.value(), inner, style);
    }
    out += "\n" + indent + "}";
  } else if (const auto* list = value.if_array(); list != nullptr && !list->empty()) {
    const bool flat =
        std::ranges::none_of(*list, [](const json::value& item) { return item.is_structured(); });
    out += flat ? "[" : "[\n";
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (i > 0) out += flat ? ", " : ",\n";
      if (!flat) out += inner;
      append_pretty(out, (*list)[i], inner, style);
    }
    out += flat ? "]" : "\n" + indent + "]";
  } else if (const auto* number = value.if_double(); number != nullptr && !std::isfinite(*number)) {
    out += std::isnan(*number) ? "NaN" : *number < 0 ? "-Infinity" : "Infinity";
  } else {
    out += json::serialize(value);
  }
}

std::string pretty(const json::value& value, const std::string& indent, const Style& style) {
  std::string out;
  append_pretty(out, value, indent, style);
  return out;
}

std::optional<std::size_t> index_of(string_view part) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
  if (error != std::errc() || end != part.data() + part.size()) return std::nullopt;
  return index;
}

// The value with the missing objects around it: {a: {b: value}} for the rest a.b.
json::value wrapped(const KeyPath& path, std::size_t from, const json::value& value) {
  json::value out = value;
  for (auto i = path.size(); i > from; --i) out = json::object{{path[i - 1], std::move(out)}};
  return out;
}

class Edit {
 public:
  Edit(string_view text, const KeyPath& path, const json::value& value)
      : text_(text), path_(path), value_(value) {}

  Result<std::string> run(const Json5Node& root);

 private:
  Result<std::string> insert(const Json5Node& object, std::size_t depth) const;
  Result<std::string> append(const Json5Node& list, std::size_t depth) const;
  std::string insert_item(const Json5Node& node, const std::string& item, std::size_t last_end,
                          bool empty) const;
  std::string replace(const Json5Node& node, const json::value& value) const;
  std::string spliced(std::size_t begin, std::size_t end, string_view instead) const;
  std::string indent_of(std::size_t at) const;
  bool begins_line(std::size_t at) const;
  std::string inner_indent(const Json5Node& node) const;
  std::string item_indent(const Json5Node& node) const;
  void learn_style(const Json5Node& root);

  string_view text_;
  const KeyPath& path_;
  const json::value& value_;
  Style style_;
};

std::string Edit::spliced(std::size_t begin, std::size_t end, string_view instead) const {
  return std::string(text_.substr(0, begin)).append(instead).append(text_.substr(end));
}

// The blanks at the begin of the line on which `at` stands.
std::string Edit::indent_of(std::size_t at) const {
  const auto line = at == 0 ? string_view::npos : text_.rfind('\n', at - 1);
  const auto begin = line == string_view::npos ? 0 : line + 1;
  const auto end = std::min(text_.find_first_not_of(" \t", begin), text_.size());
  return std::string(text_.substr(begin, std::min(end, at) - begin));
}

// Is there nothing but blanks before `at` on its line, and a line before that?
bool Edit::begins_line(std::size_t at) const {
  const auto before = at == 0 ? string_view::npos : text_.find_last_not_of(" \t", at - 1);
  return before != string_view::npos && text_[before] == '\n';
}

std::string Edit::inner_indent(const Json5Node& node) const {
  const auto first = !node.members.empty() ? node.members.front().begin
                     : !node.items.empty() ? node.items.front().begin
                                           : 0;
  if (first != 0 && begins_line(first)) return indent_of(first);
  return indent_of(node.begin) + style_.unit;
}

// The indent of the line on which a new item will begin.
std::string Edit::item_indent(const Json5Node& node) const {
  const bool own_line = begins_line(node.end - 1) || node.end - node.begin == 2;
  return own_line ? inner_indent(node) : indent_of(node.begin);
}

void Edit::learn_style(const Json5Node& root) {
  if (root.members.empty()) return;
  const auto& first = root.members.front();
  style_.quoted_keys = first.quoted;
  if (begins_line(first.begin) && !indent_of(first.begin).empty())
    style_.unit = indent_of(first.begin);
}

std::string Edit::replace(const Json5Node& node, const json::value& value) const {
  return spliced(node.begin, node.end, pretty(value, indent_of(node.begin), style_));
}

// Puts `item` behind the last one of an object or list. `last_end` is where that one ends.
std::string Edit::insert_item(const Json5Node& node, const std::string& item, std::size_t last_end,
                              bool empty) const {
  const auto close = node.end - 1;
  if (begins_line(close)) {
    // The closing mark has a line of its own: the new item gets one before it, behind all comments.
    const auto line = text_.rfind('\n', close) + 1;
    auto out =
        spliced(line, line, inner_indent(node) + item + (node.trailing_comma ? ",\n" : "\n"));
    if (!empty && !node.trailing_comma) out.insert(last_end, ",");
    return out;
  }
  if (!empty) {
    if (!node.trailing_comma) return spliced(last_end, last_end, ", " + item);
    return spliced(close, close, (text_[close - 1] == ' ' ? "" : " ") + item + ", ");
  }
  const bool bare = close == node.begin + 1;
  if (!bare) return spliced(close, close, " " + item + " ");
  return spliced(close, close, "\n" + inner_indent(node) + item + "\n" + indent_of(node.begin));
}

Result<std::string> Edit::insert(const Json5Node& object, std::size_t depth) const {
  const bool empty = object.members.empty();
  const bool quoted = empty ? style_.quoted_keys : object.members.front().quoted;
  const auto item = key_text(path_[depth], quoted) + ": " +
                    pretty(wrapped(path_, depth + 1, value_), item_indent(object), style_);
  return insert_item(object, item, empty ? 0 : object.members.back().value.end, empty);
}

Result<std::string> Edit::append(const Json5Node& list, std::size_t depth) const {
  const auto index = index_of(path_[depth]);
  if (!index || *index != list.items.size())
    return fail(Errc::conflict, "{} is a list of {}: '{}' is none of its indexes.",
                to_text(KeyPath(path_.begin(), path_.begin() + static_cast<std::ptrdiff_t>(depth))),
                list.items.size(), path_[depth]);
  const auto item = pretty(wrapped(path_, depth + 1, value_), item_indent(list), style_);
  return insert_item(list, item, list.items.empty() ? 0 : list.items.back().end,
                     list.items.empty());
}

Result<std::string> Edit::run(const Json5Node& root) {
  learn_style(root);
  const auto* node = &root;
  for (std::size_t depth = 0; depth < path_.size(); ++depth) {
    if (node->kind == Kind::object) {
      const auto* next = member_of(*node, path_[depth]);
      if (next == nullptr) return insert(*node, depth);
      node = next;
    } else if (node->kind == Kind::list) {
      const auto index = index_of(path_[depth]);
      if (!index || *index >= node->items.size()) return append(*node, depth);
      node = &node->items[*index];
    } else if (node->kind == Kind::null) {
      return replace(*node, wrapped(path_, depth, value_));
    } else {
      return fail(
          Errc::conflict, "{} is no object, so it has no '{}'. Set it to an object first.",
          to_text(KeyPath(path_.begin(), path_.begin() + static_cast<std::ptrdiff_t>(depth))),
          path_[depth]);
    }
  }
  return replace(*node, value_);
}

// What the tree must be after the edit, made without the text.
void set_in_tree(json::value& tree, const KeyPath& path, std::size_t depth,
                 const json::value& value) {
  if (depth == path.size()) {
    tree = value;
  } else if (auto* list = tree.if_array()) {
    const auto index = index_of(path[depth]).value_or(list->size());
    if (index >= list->size()) list->push_back(nullptr);
    set_in_tree((*list)[std::min(index, list->size() - 1)], path, depth + 1, value);
  } else {
    if (!tree.is_object()) tree = json::object();
    set_in_tree(tree.get_object()[path[depth]], path, depth + 1, value);
  }
}

}  // namespace

std::string pretty_json(const json::value& value) {
  return pretty(value, "", Style{.quoted_keys = true});
}

Result<std::string> set_in_text(string_view text, const KeyPath& path, const json::value& value) {
  if (path.empty()) return fail(Errc::invalid_request, "a key is needed");
  if (trim(text).empty()) return pretty_json(wrapped(path, 0, value)) + "\n";
  const auto root = read_json5(text);
  if (!root)
    return fail(Errc::invalid_request, "line {}, column {}: {}", root.error().line,
                root.error().column, root.error().what);
  TRY(auto edited, Edit(text, path, value).run(*root));

  auto expected = to_json(*root);
  set_in_tree(expected, path, 0, value);
  const auto again = parse_json5(edited);
  // As texts: NaN does not equal itself.
  if (!again || json::serialize(*again) != json::serialize(expected))
    return fail(Errc::internal, "the edit of {} would have damaged the file", to_text(path));
  return edited;
}

}  // namespace carapace::config

#include "config/text/text_edit.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/json.h"
#include "base/text.h"

namespace carapace::config {
namespace {

using std::string_view;
using Kind = Json5Node::Kind;

std::string key_text(string_view key, bool quoted) {
  return quoted || !is_plain_key(key) ? json::serialize(json::string(key)) : std::string(key);
}

void append_pretty(std::string& out, const json::value& value, const std::string& indent,
                   const TextStyle& style) {
  const auto inner = indent + style.unit;
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    out += "{" + style.line_end;
    bool first = true;
    for (const auto& member : *object) {
      if (!first) out += "," + style.line_end;
      first = false;
      out += inner + key_text(string_view(member.key()), style.quoted_keys) + ": ";
      append_pretty(out, member.value(), inner, style);
    }
    out += style.line_end + indent + "}";
  } else if (const auto* list = value.if_array(); list != nullptr && !list->empty()) {
    const bool flat =
        std::ranges::none_of(*list, [](const json::value& item) { return item.is_structured(); });
    const auto between = flat ? std::string(" ") : style.line_end;
    out += flat ? "[" : "[" + style.line_end;
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (i > 0) out += "," + between;
      if (!flat) out += inner;
      append_pretty(out, (*list)[i], inner, style);
    }
    out += flat ? "]" : style.line_end + indent + "]";
  } else if (const auto* number = value.if_double(); number != nullptr && !std::isfinite(*number)) {
    out += std::isnan(*number) ? "NaN" : *number < 0 ? "-Infinity" : "Infinity";
  } else {
    out += json::serialize(value);
  }
}

// Where the members or items of a node begin and end.
struct Part {
  std::size_t begin = 0;
  std::size_t end = 0;
};

std::vector<Part> parts_of(const Json5Node& node) {
  std::vector<Part> parts;
  for (const auto& member : node.members) parts.push_back({member.begin, member.value.end});
  for (const auto& item : node.items) parts.push_back({item.begin, item.end});
  return parts;
}

// The end of the comment that begins here; `at` when none does.
std::size_t behind_comment(string_view text, std::size_t at) {
  const auto two = text.substr(at, 2);
  if (two == "/*") return std::min(text.find("*/", at + 2), text.size() - 2) + 2;
  // Of the line ends of JSON5 only the bytes that can be told apart here: the others are comment.
  if (two == "//") return std::min(text.find_first_of("\r\n", at), text.size());
  return at;
}

std::size_t behind_spaces(string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(" \t", at), text.size());
}

}  // namespace

std::string pretty_text(const json::value& value, const std::string& indent,
                        const TextStyle& style) {
  std::string out;
  append_pretty(out, value, indent, style);
  return out;
}

TextEdit::TextEdit(string_view text, const Json5Node& root) : text_(text) {
  if (text.contains("\r\n")) style_.line_end = "\r\n";
  if (root.members.empty()) return;
  const auto& first = root.members.front();
  style_.quoted_keys = first.quoted;
  if (begins_line(first.begin) && !indent_of(first.begin).empty())
    style_.unit = indent_of(first.begin);
}

// The blanks at the begin of the line on which `at` stands.
std::string TextEdit::indent_of(std::size_t at) const {
  const auto line = at == 0 ? string_view::npos : text_.rfind('\n', at - 1);
  const auto begin = line == string_view::npos ? 0 : line + 1;
  const auto end = behind_spaces(text_, begin);
  return std::string(text_.substr(begin, std::min(end, at) - begin));
}

// Is there nothing but blanks before `at` on its line, and a line before that?
bool TextEdit::begins_line(std::size_t at) const {
  const auto before = at == 0 ? string_view::npos : text_.find_last_not_of(" \t", at - 1);
  return before != string_view::npos && text_[before] == '\n';
}

std::string TextEdit::inner_indent(const Json5Node& node) const {
  const auto first = !node.members.empty() ? node.members.front().begin
                     : !node.items.empty() ? node.items.front().begin
                                           : 0;
  if (first != 0 && begins_line(first)) return indent_of(first);
  return indent_of(node.begin) + style_.unit;
}

// The comma that follows an item, npos when none does.
std::size_t TextEdit::comma_after(std::size_t at) const {
  while (at < text_.size()) {
    if (text_[at] == ',') return at;
    if (text_[at] == '}' || text_[at] == ']') break;
    const auto behind = behind_comment(text_, at);
    at = behind == at ? at + 1 : behind;
  }
  return string_view::npos;
}

// Behind the line end, when only blanks and one comment stand before it; else `at`.
std::size_t TextEdit::end_of_line_after(std::size_t at) const {
  auto here = behind_spaces(text_, at);
  const auto comment = behind_comment(text_, here);
  if (text_.substr(here, comment - here).contains('\n')) return at;
  here = behind_spaces(text_, comment);
  if (text_.substr(here, 2) == "\r\n") return here + 2;
  return here < text_.size() && text_[here] == '\n' ? here + 1 : at;
}

void TextEdit::cut(std::size_t begin, std::size_t end, std::string instead) {
  cuts_.push_back({begin, end, std::move(instead)});
}

void TextEdit::replace(const Json5Node& node, const json::value& value) {
  cut(node.begin, node.end, pretty_text(value, indent_of(node.begin), style_));
}

// A member on lines of its own takes them along, with the comment behind it; the comments above
// stay, since nobody can tell whose they are.
void TextEdit::remove(const Json5Node& node, const std::vector<std::size_t>& removed) {
  const auto parts = parts_of(node);
  std::size_t cursor = node.begin + 1;
  for (const auto index : removed) {
    const auto& part = parts[index];
    const auto comma = comma_after(part.end);
    const bool last = comma == string_view::npos;
    const auto end = last ? part.end : comma + 1;
    auto begin = part.begin;
    auto stop = end;
    if (begins_line(part.begin) && end_of_line_after(end) != end) {
      stop = end_of_line_after(end);
      begin = text_.rfind('\n', part.begin) + 1;
    } else if (last) {
      while (begin > cursor && (text_[begin - 1] == ' ' || text_[begin - 1] == '\t')) --begin;
    } else {
      stop = behind_spaces(text_, end);
    }
    begin = std::max(begin, cursor);
    cut(begin, stop, "");
    cursor = stop;
  }
}

std::string TextEdit::item_text(const Json5Node& node, const Added& added,
                                const std::string& indent) const {
  const bool quoted = node.members.empty() ? style_.quoted_keys : node.members.front().quoted;
  const auto key = node.kind == Kind::object ? key_text(added.key, quoted) + ": " : std::string();
  return key + pretty_text(*added.value, indent, style_);
}

// Puts items behind the last one that stays; `empty`: none does.
void TextEdit::add(const Json5Node& node, const std::vector<Added>& added, bool empty,
                   std::size_t last_end, bool has_comma) {
  const auto close = node.end - 1;
  const bool bare = close == node.begin + 1;
  const bool own_line = begins_line(close);
  const auto inner = inner_indent(node);
  const auto indent = own_line || bare ? inner : indent_of(node.begin);
  std::string items;
  for (const auto& one : added) {
    if (!items.empty()) items += own_line || bare ? "," + style_.line_end + inner : ", ";
    items += item_text(node, one, indent);
  }
  const auto tail = node.trailing_comma ? std::string(",") : std::string();
  if (own_line) {
    // The closing mark has a line of its own: new items get theirs before it, behind all comments.
    const auto line = text_.rfind('\n', close) + 1;
    if (!empty && !has_comma) cut(last_end, last_end, ",");
    cut(line, line, inner + items + tail + style_.line_end);
  } else if (bare) {
    cut(close, close, style_.line_end + inner + items + style_.line_end + indent_of(node.begin));
  } else if (empty) {
    cut(close, close, " " + items + " ");
  } else if (!has_comma) {
    cut(last_end, last_end, ", " + items);
  } else {
    const auto gap = text_[close - 1] == ' ' ? "" : " ";
    cut(close, close, gap + items + (node.trailing_comma ? ", " : ""));
  }
}

void TextEdit::change(const Json5Node& node, const std::vector<std::size_t>& removed,
                      const std::vector<Added>& added) {
  if (removed.empty() && added.empty()) return;
  remove(node, removed);
  const auto parts = parts_of(node);
  std::size_t last = parts.size();
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (std::ranges::find(removed, i) == removed.end()) last = i;
  const bool empty = last == parts.size();
  const bool was_last = !empty && last + 1 == parts.size();
  const bool has_comma = !empty && (!was_last || node.trailing_comma);
  const auto last_end = empty ? 0 : parts[last].end;
  if (!added.empty()) return add(node, added, empty, last_end, has_comma);
  // What is the last one now has no comma behind it, unless the document writes one there.
  if (has_comma && !was_last && !node.trailing_comma) {
    const auto comma = comma_after(last_end);
    cut(comma, comma + 1, "");
  }
}

std::string TextEdit::text() const {
  // By place; what goes to one place stays in the order in which it came.
  std::multimap<std::size_t, Cut> cuts;
  for (const auto& one : cuts_) cuts.emplace(one.begin, one);
  std::string out;
  std::size_t cursor = 0;
  for (const auto& [at, one] : cuts) {
    CARAPACE_CHECK(one.begin >= cursor && one.end >= one.begin);
    out.append(text_.substr(cursor, one.begin - cursor)).append(one.instead);
    cursor = one.end;
  }
  return out.append(text_.substr(cursor));
}

}  // namespace carapace::config

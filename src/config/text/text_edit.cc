#include "config/text/text_edit.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/json.h"
#include "base/text.h"
#include "config/text/comments.h"

namespace carapace::config {
namespace {

using std::string_view;
using Kind = Json5Node::Kind;

std::string key_text(string_view key, bool quoted) {
  return quoted || !is_plain_key(key) ? json::serialize(json::string(key)) : std::string(key);
}

// What stands behind the opening mark, between two items, and before the closing one.
struct Spacing {
  std::string open;
  std::string between;
  std::string close;
};

Spacing spacing_in(const json::value& value, const std::string& indent, const TextStyle& style) {
  const auto* list = value.if_array();
  if (style.flat) {
    const auto pad = list == nullptr ? style.pad : std::string();
    return {pad, "," + style.gap, pad};
  }
  const auto structured = [](const json::value& item) { return item.is_structured(); };
  if (list != nullptr && std::ranges::none_of(*list, structured)) return {"", ", ", ""};
  const auto line = style.line_end + indent;
  return {line + style.unit, "," + line + style.unit, line};
}

void append_pretty(std::string& out, const json::value& value, const std::string& indent,
                   const TextStyle& style) {
  const auto inner = indent + style.unit;
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    const auto spacing = spacing_in(value, indent, style);
    out += "{";
    const auto* before = &spacing.open;
    for (const auto& member : *object) {
      out += *before + key_text(string_view(member.key()), style.quoted_keys) + style.colon;
      append_pretty(out, member.value(), inner, style);
      before = &spacing.between;
    }
    out += spacing.close + "}";
  } else if (const auto* list = value.if_array(); list != nullptr && !list->empty()) {
    const auto spacing = spacing_in(value, indent, style);
    out += "[";
    const auto* before = &spacing.open;
    for (const auto& item : *list) {
      out += *before;
      append_pretty(out, item, inner, style);
      before = &spacing.between;
    }
    out += spacing.close + "]";
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
  return two == "//" ? line_comment_end(text, at) : at;
}

std::size_t behind_spaces(string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(" \t", at), text.size());
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// The item or value of the container that `at` lies inside of, not at its begin.
const Json5Node* child_around(const Json5Node& node, std::size_t at) {
  const auto members = std::ranges::lower_bound(
      node.members, at, {}, [](const Json5Member& member) { return member.value.begin; });
  const auto items = std::ranges::lower_bound(node.items, at, {}, &Json5Node::begin);
  const Json5Node* child = nullptr;
  if (members != node.members.begin()) child = &std::prev(members)->value;
  if (items != node.items.begin()) child = &*std::prev(items);
  return child != nullptr && at < child->end ? child : nullptr;
}

}  // namespace

std::string pretty_text(const json::value& value, const std::string& indent,
                        const TextStyle& style) {
  std::string out;
  append_pretty(out, value, indent, style);
  return out;
}

TextEdit::TextEdit(string_view text, const Json5Node& root) : text_(text), root_(root) {
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

bool TextEdit::on_one_line(const Json5Node& node) const {
  return text_.substr(node.begin, node.end - node.begin).find_first_of("\r\n") == string_view::npos;
}

// The style of what comes to `at`: on one line when the object or list around it is, with blanks
// as those around it have them.
TextStyle TextEdit::style_at(std::size_t at) const {
  auto style = style_;
  const auto* node = at > root_.begin && at < root_.end ? &root_ : nullptr;
  for (; node != nullptr; node = child_around(*node, at)) {
    style.flat = on_one_line(*node);
    if (!style.flat) continue;
    const auto* sample = node->items.empty() ? node : &node->items.front();
    const auto parts = parts_of(*node);
    if (!sample->members.empty()) {
      const auto& first = sample->members.front();
      style.colon = text_[first.value.begin - 1] == ':' ? ":" : ": ";
      style.gap = style.colon == ":" ? "" : " ";
      style.pad = is_blank(text_[sample->begin + 1]) ? " " : "";
    }
    if (parts.size() > 1) style.gap = text_[parts[1].begin - 1] == ',' ? "" : " ";
  }
  if (!style.flat) style.colon = ": ";
  return style;
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
  constexpr std::size_t kLongLine = 100;
  auto style = style_at(node.begin);
  const auto indent = indent_of(node.begin);
  const bool filled = !node.members.empty() || !node.items.empty();
  if (!style.flat && filled && on_one_line(node)) {
    auto flat = style_at(node.begin + 1);
    auto text = pretty_text(value, indent, flat);
    if (text.size() <= kLongLine) return cut(node.begin, node.end, std::move(text));
  }
  cut(node.begin, node.end, pretty_text(value, indent, style));
}

// A member on lines of its own takes them along, with the comment behind it; the comments above
// stay, since nobody can tell whose they are.
std::size_t TextEdit::remove(const Json5Node& node, const std::vector<std::size_t>& removed) {
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
  return cursor;
}

std::string TextEdit::items_text(const Json5Node& node, const std::vector<Added>& added,
                                 const Written& how) const {
  const bool quoted = node.members.empty() ? style_.quoted_keys : node.members.front().quoted;
  std::string out;
  for (const auto& one : added) {
    if (!out.empty()) out += "," + how.between;
    if (node.kind == Kind::object) out += key_text(one.key, quoted) + how.style.colon;
    out += pretty_text(*one.value, how.indent, how.style);
  }
  return out;
}

// Puts items behind the last one that stays, and behind all comments. `free`: from there to the
// closing mark nothing is cut.
void TextEdit::add(const Json5Node& node, const std::vector<Added>& added, const Last& last,
                   std::size_t free) {
  const auto close = node.end - 1;
  const auto inside = text_.substr(node.begin + 1, close - node.begin - 1);
  const auto inner = inner_indent(node);
  const auto line = style_.line_end + inner;
  const auto tail = node.trailing_comma ? std::string(",") : std::string();
  const bool bare = behind_spaces(inside, 0) == inside.size();
  if (!last.none && !last.has_comma) cut(last.end, last.end, ",");
  if (begins_line(close)) {
    // The closing mark has a line of its own: new items get theirs before it.
    const auto begin = text_.rfind('\n', close) + 1;
    return cut(begin, begin,
               inner + items_text(node, added, {style_, inner, line}) + tail + style_.line_end);
  }
  auto style = style_at(bare ? node.begin : node.begin + 1);
  if (bare) {
    const auto items = items_text(node, added, {style, inner, style.flat ? style.gap : line});
    const auto pad = node.kind == Kind::object ? style.pad : std::string();
    return cut(
        node.begin + 1, close,
        style.flat ? pad + items + pad : line + items + style_.line_end + indent_of(node.begin));
  }
  const auto first = parts_of(node);
  const bool own_lines = !style.flat && !first.empty() && begins_line(first.front().begin);
  const auto between = own_lines ? line : style.flat ? style.gap : std::string(" ");
  auto at = close;
  while (at > free && is_blank(text_[at - 1])) --at;
  const auto lead = !last.none             ? between
                    : text_[at - 1] == '/' ? std::string(" ")
                                           : std::string(text_.substr(at, close - at));
  const auto indent = own_lines ? inner : indent_of(node.begin);
  cut(at, at, lead + items_text(node, added, {style, indent, between}) + tail);
}

void TextEdit::change(const Json5Node& node, const std::vector<std::size_t>& removed,
                      const std::vector<Added>& added) {
  if (removed.empty() && added.empty()) return;
  const auto free = remove(node, removed);
  const auto parts = parts_of(node);
  std::size_t last = parts.size();
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (std::ranges::find(removed, i) == removed.end()) last = i;
  const bool empty = last == parts.size();
  const bool was_last = !empty && last + 1 == parts.size();
  const bool has_comma = !empty && (!was_last || node.trailing_comma);
  const auto last_end = empty ? 0 : parts[last].end;
  if (!added.empty()) return add(node, added, {empty, has_comma, last_end}, free);
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

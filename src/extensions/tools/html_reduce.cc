#include "extensions/tools/html_reduce.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/text.h"

namespace carapace::tools {
namespace {

constexpr std::size_t kMaxOpen = 600;  // elements inside each other
constexpr std::int64_t kMaxElements = 200'000;
constexpr std::size_t kMaxTarget = 2'000;  // bytes of a link's address
constexpr std::string_view kSpace = " \t\r\n\f";

using Names = std::span<const std::string_view>;
constexpr std::array<std::string_view, 13> kVoid{"area",   "base",  "col",  "embed", "hr",
                                                 "img",    "input", "link", "meta",  "param",
                                                 "source", "track", "wbr"};
// Left out with all that stands in them. Some hold text that only looks like tags.
constexpr std::array<std::string_view, 13> kCut{
    "script",   "style",    "textarea", "xmp", "iframe", "noembed", "noframes",
    "noscript", "template", "select",   "svg", "math",   "title"};
// Kept, because the reader skips or shows them in their own way. Others become div or span.
constexpr std::array<std::string_view, 31> kKept{
    "html",  "head",  "body",  "p",  "ul",         "ol",  "li",  "dl",   "dt",     "dd", "table",
    "thead", "tbody", "tfoot", "tr", "td",         "th",  "h1",  "h2",   "h3",     "h4", "h5",
    "h6",    "a",     "pre",   "br", "blockquote", "nav", "div", "span", "caption"};
constexpr std::array<std::string_view, 12> kBlocks{"section", "article", "header",  "footer",
                                                   "main",    "aside",   "figure",  "form",
                                                   "center",  "address", "details", "fieldset"};
constexpr std::array<std::string_view, 3> kSkippedByReader{"canvas", "object", "button"};
// Their end tags may be left out: one closes the other.
constexpr std::array<std::string_view, 10> kOptionalEnd{"p",  "li", "dd",    "dt",    "tr",
                                                        "td", "th", "thead", "tbody", "tfoot"};

bool is_one_of(std::string_view name, Names names) {
  return std::ranges::find(names, name) != names.end();
}

struct Tag {
  std::string name;  // lower case; empty: a comment or declaration
  bool closing = false;
  bool hidden = false;
  std::string target;  // href
};

// Without white space and comments, in lower case.
std::string bare_style(std::string_view value) {
  std::string out;
  for (std::size_t at = 0; at < value.size(); ++at) {
    if (value.substr(at).starts_with("/*")) {
      at = value.find("*/", at + 2);
      if (at == std::string_view::npos) break;
      ++at;
    } else if (!kSpace.contains(value[at])) {
      out += value[at];
    }
  }
  return to_lower(out) + ";";
}

// `property:0`, `:0px`, `:0.0` … but not `:0.5`.
bool is_zero(std::string_view style, std::string_view property) {
  const auto at = style.find(property);
  if (at == std::string_view::npos || (at > 0 && style[at - 1] != ';')) return false;
  auto rest = style.substr(at + property.size());
  if (!rest.starts_with(":0")) return false;
  return rest.substr(2, rest.find(';') - 2).find_first_of("123456789") == std::string_view::npos;
}

// A place that no screen shows: left:-9999px, text-indent:-999em.
bool is_far_away(std::string_view style) {
  for (const std::string_view property : {"left:-", "top:-", "right:-", "text-indent:-"}) {
    const auto at = style.find(property);
    if (at == std::string_view::npos) continue;
    const auto digits = style.substr(at + property.size());
    if (digits.find_first_not_of("0123456789") >= 3 && !digits.starts_with('0')) return true;
  }
  return false;
}

bool hides(std::string_view name, std::string_view value) {
  if (name == "hidden") return true;
  if (name == "aria-hidden") return iequals(value, "true");
  if (name != "style") return false;
  const auto style = bare_style(value.substr(0, 4'000));
  return style.contains("display:none") || style.contains("visibility:hidden") ||
         style.contains("visibility:collapse") || style.starts_with("color:transparent") ||
         style.contains(";color:transparent") || is_zero(style, "font-size") ||
         is_zero(style, "opacity") || is_far_away(style);
}

// Walks over tags as a browser does: comments and quoted attributes are no tags.
class TagReader {
 public:
  explicit TagReader(std::string_view html) : html_(html) {}

  // False at the end. `text` gets what stood before the tag.
  bool next(Tag& tag, std::string_view& text) {
    const auto begin = at_;
    for (;; ++at_) {
      at_ = html_.find('<', at_);
      if (at_ == std::string_view::npos) {
        at_ = html_.size();
        text = html_.substr(begin);
        return false;
      }
      const char after = at_ + 1 < html_.size() ? html_[at_ + 1] : ' ';
      if (after == '/' || after == '!' || after == '?' ||
          std::isalpha(static_cast<unsigned char>(after)) != 0)
        break;
    }
    text = html_.substr(begin, at_ - begin);
    read(tag);
    return true;
  }
  // What stands up to `</name`; that tag is read, too. When there is none nothing is skipped, and
  // that is remembered, so that a page of open tags is not searched once for each.
  std::string_view cut(const std::string& name) {
    if (is_one_of(name, unclosed_)) return {};
    const auto begin = at_;
    for (auto at = html_.find("</", at_); at != std::string_view::npos;
         at = html_.find("</", at + 2)) {
      if (!iequals(html_.substr(at + 2, name.size()), name)) continue;
      at_ = std::min(html_.find('>', at), html_.size() - 1) + 1;
      return html_.substr(begin, at - begin);
    }
    unclosed_.push_back(*std::ranges::find(kCut, name));
    return {};
  }

 private:
  void read(Tag& tag) {
    tag = {};
    const auto rest = html_.substr(at_);
    if (rest.starts_with("<!--")) return past_comment();
    if (rest[1] == '!' || rest[1] == '?') return past(html_.find('>', at_), 1);
    tag.closing = rest[1] == '/';
    const auto begin = at_ + (tag.closing ? 2 : 1);
    auto end = begin;
    while (end < html_.size() && !kSpace.contains(html_[end]) && html_[end] != '/' &&
           html_[end] != '>')
      ++end;
    tag.name = to_lower(html_.substr(begin, std::min<std::size_t>(end - begin, 32)));
    at_ = end;
    attributes(tag);
  }
  // `<!-->` is a whole comment; `--!>` ends one, too.
  void past_comment() {
    const auto plain = html_.find("-->", at_ + 2);
    const auto loud = html_.substr(0, plain).find("--!>", at_ + 4);
    if (loud != std::string_view::npos) return past(loud, 4);
    past(plain, 3);
  }
  void past(std::size_t found, std::size_t length) {
    at_ = found == std::string_view::npos ? html_.size() : found + length;
  }
  void attributes(Tag& tag) {
    for (;;) {
      while (at_ < html_.size() && (kSpace.contains(html_[at_]) || html_[at_] == '/')) ++at_;
      if (at_ >= html_.size()) return;
      if (html_[at_] == '>') {
        ++at_;
        return;
      }
      const auto begin = at_++;
      while (at_ < html_.size() && !kSpace.contains(html_[at_]) &&
             !std::string_view("/>=").contains(html_[at_]))
        ++at_;
      const auto name = to_lower(html_.substr(begin, std::min<std::size_t>(at_ - begin, 32)));
      const auto word = value();
      tag.hidden = tag.hidden || hides(name, word);
      if (name == "href" && tag.target.empty()) tag.target = truncate_utf8(word, kMaxTarget);
    }
  }
  std::string_view value() {
    while (at_ < html_.size() && kSpace.contains(html_[at_])) ++at_;
    if (at_ >= html_.size() || html_[at_] != '=') return {};
    ++at_;
    while (at_ < html_.size() && kSpace.contains(html_[at_])) ++at_;
    if (at_ >= html_.size()) return {};
    if (const char quote = html_[at_]; quote == '"' || quote == '\'') {
      const auto begin = at_ + 1;
      const auto end = std::min(html_.find(quote, begin), html_.size());
      at_ = std::min(end + 1, html_.size());
      return html_.substr(begin, end - begin);
    }
    const auto begin = at_;
    while (at_ < html_.size() && !kSpace.contains(html_[at_]) && html_[at_] != '>') ++at_;
    return html_.substr(begin, at_ - begin);
  }

  std::string_view html_;
  std::size_t at_ = 0;
  std::vector<std::string_view> unclosed_;
};

// How many elements a parser holds open at most: an end tag counts only where it surely closes
// something.
class Nesting {
 public:
  // False when it is too much.
  bool open(std::string_view name) {
    ++elements_;
    if (name == "br") return fits();
    if (is_one_of(name, kOptionalEnd)) {
      if (!open_.empty()) ++open_.back().inner;
    } else {
      open_.push_back({name, 0});
    }
    return fits();
  }
  bool close(std::string_view name) {
    ++elements_;
    if (open_.empty()) return fits();
    auto& top = open_.back();
    if (is_one_of(name, kOptionalEnd)) {
      if (top.inner > 0) --top.inner;
    } else if (top.name == name && (top.inner == 0 || (name != "span" && name != "a"))) {
      open_.pop_back();
    }
    return fits();
  }

 private:
  struct Open {
    std::string_view name;  // of a constant
    std::size_t inner = 0;  // elements with optional end tags that were opened in it
  };
  bool fits() const { return open_.size() <= kMaxOpen && elements_ <= kMaxElements; }

  std::vector<Open> open_;
  std::int64_t elements_ = 0;
};

std::string_view canonical(std::string_view name) {
  if (const auto* const kept = std::ranges::find(kKept, name); kept != kKept.end()) return *kept;
  if (is_one_of(name, kBlocks)) return "div";
  return is_one_of(name, kSkippedByReader) ? "nav" : "span";
}

void append_text(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else
      out += c;
  }
}

void append_tag(std::string& out, std::string_view name, const Tag& tag) {
  out += tag.closing ? "</" : "<";
  out += name;
  if (!tag.closing && tag.hidden) out += " hidden";
  if (!tag.closing && name == "a" && !tag.target.empty())
    out += " href=\"" + replace_all(tag.target, "\"", "&quot;") + "\"";
  out += '>';
}

}  // namespace

ReducedHtml reduce_html(std::string_view html) {
  TagReader reader(html);
  Nesting nesting;
  ReducedHtml reduced;
  Tag tag;
  std::string_view text;
  while (reader.next(tag, text)) {
    append_text(reduced.html, text);
    if (tag.name.empty() || is_one_of(tag.name, kVoid)) continue;
    if (is_one_of(tag.name, kCut)) {
      const auto inside = tag.closing ? std::string_view() : reader.cut(tag.name);
      if (tag.name == "title" && reduced.title.empty()) reduced.title = inside.substr(0, 2'000);
      reduced.html += ' ';
      continue;
    }
    const auto name = canonical(tag.name);
    append_tag(reduced.html, name, tag);
    if (!(tag.closing ? nesting.close(name) : nesting.open(name))) return reduced;
  }
  append_text(reduced.html, text);
  reduced.parseable = true;
  return reduced;
}

std::string words_without_tags(std::string_view html, std::size_t limit) {
  TagReader reader(html);
  std::string out;
  Tag tag;
  std::string_view text;
  bool more = true;
  while (more && out.size() <= limit * 2) {
    more = reader.next(tag, text);
    if (!text.empty()) out.append(text).append(" ");
    if (more && !tag.closing && is_one_of(tag.name, kCut)) reader.cut(tag.name);
  }
  return std::string(truncate_utf8(collapse_space(out), limit));
}

}  // namespace carapace::tools

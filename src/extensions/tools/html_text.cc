#include "extensions/tools/html_text.h"

#include <gumbo.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <map>

#include "base/text.h"

namespace carapace::tools {
namespace {

constexpr std::size_t kMaxHtmlBytes = 8 << 20;
constexpr int kMaxDepth = 400;           // of what is shown
constexpr std::int64_t kMaxOpenTags = 2'000;  // the parser frees its tree by recursion, so hostile nesting must not reach it

bool one_of(GumboTag tag, std::initializer_list<GumboTag> tags) { return std::ranges::find(tags, tag) != tags.end(); }

bool is_skipped(GumboTag tag) {
  return one_of(tag, {GUMBO_TAG_SCRIPT, GUMBO_TAG_STYLE, GUMBO_TAG_NOSCRIPT, GUMBO_TAG_TEMPLATE, GUMBO_TAG_NAV,
                      GUMBO_TAG_IFRAME, GUMBO_TAG_SVG, GUMBO_TAG_CANVAS, GUMBO_TAG_OBJECT, GUMBO_TAG_HEAD,
                      GUMBO_TAG_BUTTON, GUMBO_TAG_SELECT, GUMBO_TAG_TEXTAREA});
}

bool is_block(GumboTag tag) {
  return one_of(tag, {GUMBO_TAG_P, GUMBO_TAG_DIV, GUMBO_TAG_SECTION, GUMBO_TAG_ARTICLE, GUMBO_TAG_HEADER,
                      GUMBO_TAG_FOOTER, GUMBO_TAG_MAIN, GUMBO_TAG_ASIDE, GUMBO_TAG_UL, GUMBO_TAG_OL, GUMBO_TAG_TABLE,
                      GUMBO_TAG_TR, GUMBO_TAG_BLOCKQUOTE, GUMBO_TAG_PRE, GUMBO_TAG_FIGURE, GUMBO_TAG_FORM, GUMBO_TAG_DL,
                      GUMBO_TAG_DT, GUMBO_TAG_DD});
}

int heading_level(GumboTag tag) {
  constexpr std::array kHeadings{GUMBO_TAG_H1, GUMBO_TAG_H2, GUMBO_TAG_H3, GUMBO_TAG_H4, GUMBO_TAG_H5, GUMBO_TAG_H6};
  const auto* const found = std::ranges::find(kHeadings, tag);
  return found == kHeadings.end() ? 0 : static_cast<int>(std::distance(kHeadings.begin(), found)) + 1;
}

std::string_view attribute(const GumboElement& element, const char* name) {
  const auto* found = ::gumbo_get_attribute(&element.attributes, name);
  return found ? std::string_view(found->value) : std::string_view();
}

bool is_hidden(const GumboElement& element) {
  if (::gumbo_get_attribute(&element.attributes, "hidden")) return true;
  if (attribute(element, "aria-hidden") == "true") return true;
  const auto style = replace_all(to_lower(attribute(element, "style")), " ", "");
  return style.contains("display:none") || style.contains("visibility:hidden") || style.contains("font-size:0");
}

class Writer {
 public:
  explicit Writer(std::size_t limit) : limit_(limit) {}

  void walk(const GumboNode& node, int depth) {
    if (full() || depth > kMaxDepth) return;
    switch (node.type) {
      case GUMBO_NODE_TEXT:
      case GUMBO_NODE_WHITESPACE:
      case GUMBO_NODE_CDATA: words(node.v.text.text); break;
      case GUMBO_NODE_ELEMENT: element(node.v.element, depth); break;
      case GUMBO_NODE_DOCUMENT: children(node.v.document.children, depth); break;
      default: break;
    }
  }

  std::string take() {
    auto text = std::string(trim(out_));
    return std::string(truncate_utf8(text, limit_));
  }

 private:
  bool full() const { return out_.size() > limit_; }

  void children(const GumboVector& list, int depth) {
    for (unsigned i = 0; i < list.length; ++i) walk(*static_cast<const GumboNode*>(list.data[i]), depth + 1);
  }

  void words(std::string_view text) {
    if (in_pre_) {
      out_ += text;
      return;
    }
    const auto collapsed = collapse_space(text);
    if (collapsed.empty()) {
      pending_space_ = true;
      return;
    }
    constexpr std::string_view kSpace = " \t\r\n\f";
    if ((pending_space_ || kSpace.contains(text.front())) && !out_.empty() && !out_.ends_with('\n')) out_ += ' ';
    out_ += collapsed;
    pending_space_ = kSpace.contains(text.back());
  }

  void line_break(int lines) {
    pending_space_ = false;
    while (out_.ends_with(' ')) out_.pop_back();
    if (out_.empty()) return;
    int have = 0;
    for (auto it = out_.rbegin(); it != out_.rend() && *it == '\n'; ++it) ++have;
    for (; have < lines; ++have) out_ += '\n';
  }

  void element(const GumboElement& node, int depth) {
    if (is_skipped(node.tag) || is_hidden(node)) return;
    if (const int level = heading_level(node.tag)) {
      line_break(2);
      out_ += std::string(static_cast<std::size_t>(level), '#') + ' ';
      children(node.children, depth);
      line_break(2);
    } else if (node.tag == GUMBO_TAG_A) {
      link(node, depth);
    } else if (node.tag == GUMBO_TAG_BR) {
      line_break(1);
    } else if (node.tag == GUMBO_TAG_LI) {
      line_break(1);
      out_ += "- ";
      children(node.children, depth);
      line_break(1);
    } else if (node.tag == GUMBO_TAG_PRE) {
      preformatted(node, depth);
    } else if (one_of(node.tag, {GUMBO_TAG_TD, GUMBO_TAG_TH})) {
      children(node.children, depth);
      out_ += " | ";
    } else if (is_block(node.tag)) {
      line_break(one_of(node.tag, {GUMBO_TAG_P, GUMBO_TAG_TABLE, GUMBO_TAG_BLOCKQUOTE}) ? 2 : 1);
      children(node.children, depth);
      line_break(one_of(node.tag, {GUMBO_TAG_P, GUMBO_TAG_TABLE, GUMBO_TAG_BLOCKQUOTE}) ? 2 : 1);
    } else {
      children(node.children, depth);
    }
  }

  void preformatted(const GumboElement& node, int depth) {
    line_break(2);
    out_ += "```\n";
    in_pre_ = true;
    children(node.children, depth);
    in_pre_ = false;
    line_break(1);
    out_ += "```";
    line_break(2);
  }

  void link(const GumboElement& node, int depth) {
    const auto target = attribute(node, "href");
    const bool web = target.starts_with("http://") || target.starts_with("https://");
    const auto start = out_.size();
    children(node.children, depth);
    if (!web || full()) return;
    const auto label = std::string(trim(std::string_view(out_).substr(std::min(start, out_.size()))));
    if (label.empty() || label == target) return;
    out_ += " (" + std::string(target.substr(0, 500)) + ")";
  }

  std::size_t limit_;
  std::string out_;
  bool in_pre_ = false;
  bool pending_space_ = false;
};

bool is_void(std::string_view name) {
  constexpr std::array<std::string_view, 14> kVoid{"area", "base", "br",    "col",  "embed",  "hr",    "img",
                                                   "input", "link", "meta", "param", "source", "track", "wbr"};
  return std::ranges::find(kVoid, name) != kVoid.end();
}

// How many elements stay open at most, counted by name: an estimate that nesting cannot cheat, because an end
// tag only counts for its own name.
bool nests_too_deep(std::string_view html) {
  std::map<std::string, std::int64_t, std::less<>> open;
  std::int64_t total = 0;
  for (auto at = html.find('<'); at != std::string_view::npos; at = html.find('<', at + 1)) {
    const bool closing = at + 1 < html.size() && html[at + 1] == '/';
    auto end = at + 1 + (closing ? 1 : 0);
    const auto begin = end;
    while (end < html.size() && std::isalnum(static_cast<unsigned char>(html[end])) != 0) ++end;
    if (end == begin) continue;
    const auto name = to_lower(html.substr(begin, std::min<std::size_t>(end - begin, 32)));
    // Elements whose end tag is optional close each other.
    if (is_void(name) || name == "li" || name == "p" || name == "option") continue;
    auto& count = open[name];
    if (closing && count > 0) {
      --count;
      --total;
    } else if (!closing) {
      ++count;
      if (++total > kMaxOpenTags) return true;
    }
  }
  return false;
}

// The words alone, for pages that only a stack of thousands could parse.
std::string strip_tags(std::string_view html, std::size_t limit) {
  std::string out;
  bool inside = false;
  for (const char c : html) {
    if (out.size() > limit) break;
    if (c == '<') inside = true;
    if (!inside) out += c;
    if (c == '>' && inside) {
      inside = false;
      out += ' ';
    }
  }
  return std::string(truncate_utf8(collapse_space(out), limit));
}

// The first <title>'s text: a bounded walk, since hostile pages nest without end.
void find_title(const GumboNode& node, int depth, std::string& title) {
  if (!title.empty() || depth > 20 || node.type != GUMBO_NODE_ELEMENT) return;
  const auto& element = node.v.element;
  for (unsigned i = 0; i < element.children.length; ++i) {
    const auto& child = *static_cast<const GumboNode*>(element.children.data[i]);
    if (element.tag == GUMBO_TAG_TITLE && child.type == GUMBO_NODE_TEXT) {
      title = ellipsize(collapse_space(child.v.text.text), 200);
      return;
    }
    find_title(child, depth + 1, title);
  }
}

}  // namespace

ReadableText html_to_text(std::string_view html, std::size_t max_chars) {
  const auto clean = sanitize_utf8(html.substr(0, kMaxHtmlBytes));
  if (nests_too_deep(clean)) return {"", strip_tags(clean, max_chars)};
  GumboOptions options = kGumboDefaultOptions;
  options.max_errors = 0;
  GumboOutput* parsed = ::gumbo_parse_with_options(&options, clean.data(), clean.size());
  ReadableText result;
  if (!parsed) return result;
  find_title(*parsed->root, 0, result.title);
  Writer writer(max_chars);
  writer.walk(*parsed->root, 0);
  result.text = writer.take();
  ::gumbo_destroy_output(&kGumboDefaultOptions, parsed);
  return result;
}

}  // namespace carapace::tools

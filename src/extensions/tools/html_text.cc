#include "extensions/tools/html_text.h"

#include <gumbo.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "extensions/tools/html_reduce.h"

namespace carapace::tools {
namespace {

constexpr std::size_t kMaxHtmlBytes = 8 << 20;
constexpr int kMaxDepth = 3'000;  // of what is shown; the reduced page is never deeper

bool one_of(GumboTag tag, std::initializer_list<GumboTag> tags) {
  return std::ranges::find(tags, tag) != tags.end();
}

bool is_skipped(GumboTag tag) { return one_of(tag, {GUMBO_TAG_NAV, GUMBO_TAG_HEAD}); }

bool is_block(GumboTag tag) {
  return one_of(
      tag, {GUMBO_TAG_P, GUMBO_TAG_DIV, GUMBO_TAG_UL, GUMBO_TAG_OL, GUMBO_TAG_TABLE, GUMBO_TAG_TR,
            GUMBO_TAG_BLOCKQUOTE, GUMBO_TAG_DL, GUMBO_TAG_DT, GUMBO_TAG_DD});
}

int heading_level(GumboTag tag) {
  constexpr std::array kHeadings{GUMBO_TAG_H1, GUMBO_TAG_H2, GUMBO_TAG_H3,
                                 GUMBO_TAG_H4, GUMBO_TAG_H5, GUMBO_TAG_H6};
  const auto* const found = std::ranges::find(kHeadings, tag);
  return found == kHeadings.end() ? 0
                                  : static_cast<int>(std::distance(kHeadings.begin(), found)) + 1;
}

std::string_view attribute(const GumboElement& element, const char* name) {
  const auto* found = ::gumbo_get_attribute(&element.attributes, name);
  return found ? std::string_view(found->value) : std::string_view();
}

bool is_hidden(const GumboElement& element) {
  return ::gumbo_get_attribute(&element.attributes, "hidden") != nullptr;
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
    for (unsigned i = 0; i < list.length; ++i)
      walk(*static_cast<const GumboNode*>(list.data[i]), depth + 1);
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
    if ((pending_space_ || kSpace.contains(text.front())) && !out_.empty() && !out_.ends_with('\n'))
      out_ += ' ';
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
    const auto label =
        std::string(trim(std::string_view(out_).substr(std::min(start, out_.size()))));
    if (label.empty() || label == target) return;
    out_ += " (" + std::string(target.substr(0, 500)) + ")";
  }

  std::size_t limit_;
  std::string out_;
  bool in_pre_ = false;
  bool pending_space_ = false;
};

std::string parsed_text(const std::string& html, std::size_t max_chars) {
  GumboOptions options = kGumboDefaultOptions;
  options.max_errors = 0;
  GumboOutput* parsed = ::gumbo_parse_with_options(&options, html.data(), html.size());
  if (!parsed) return {};
  Writer writer(max_chars);
  writer.walk(*parsed->root, 0);
  ::gumbo_destroy_output(&kGumboDefaultOptions, parsed);
  return writer.take();
}

// Entities in the title are read like those of the text.
std::string title_text(const std::string& title) {
  return title.empty()
             ? std::string()
             : ellipsize(collapse_space(parsed_text(replace_all(title, "<", "&lt;"), 1'000)), 200);
}

}  // namespace

ReadableText html_to_text(std::string_view html, std::size_t max_chars) {
  const auto clean = sanitize_utf8(truncate_utf8(html, kMaxHtmlBytes));
  const auto reduced = reduce_html(clean);
  ReadableText result;
  result.title = title_text(reduced.title);
  if (!reduced.parseable) {
    result.text = words_without_tags(clean, max_chars);
    return result;
  }
  result.text = parsed_text(reduced.html, max_chars);
  return result;
}

}  // namespace carapace::tools

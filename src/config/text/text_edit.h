// Changes to one JSON5 text as a list of cuts: whatever no cut touches keeps its bytes – comments,
// order, quotes, indents, line ends. New text follows the style of the document. Pure; any thread.
// Used by `set_in_text`, `unset_in_text` and the merge patch, which read the outcome again. Inside
// config/ only.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_fwd.h"
#include "config/json5.h"

namespace carapace::config {

// How a document writes its keys, indents and line ends.
struct TextStyle {
  bool quoted_keys = false;
  std::string unit = "  ";
  std::string line_end = "\n";
  bool flat = false;  // all on one line; then these count too
  std::string colon = ": ";
  std::string gap = " ";  // behind a comma
  std::string pad = {};   // inside of braces
};

std::string pretty_text(const json::value& value, const std::string& indent,
                        const TextStyle& style);

class TextEdit {
 public:
  struct Added {
    std::string key;  // of no use for a list
    const json::value* value;
  };

  // Text and root outlive the edit.
  TextEdit(std::string_view text, const Json5Node& root);

  void replace(const Json5Node& node, const json::value& value);
  // Takes members or items out (by their places, ascending) and puts others behind the last one.
  // An object or list on one line stays on it. Once for each object or list; values in it that stay
  // may be changed besides.
  void change(const Json5Node& node, const std::vector<std::size_t>& removed,
              const std::vector<Added>& added);
  // Bytes [begin, end) become `instead`. Cuts do not overlap.
  void cut(std::size_t begin, std::size_t end, std::string instead);

  bool empty() const { return cuts_.empty(); }
  std::string text() const;  // with all changes made

 private:
  struct Cut {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string instead;
  };

  struct Last {  // of the items that stay
    bool none = false;
    bool has_comma = false;
    std::size_t end = 0;
  };
  struct Written {
    TextStyle style;
    std::string indent;
    std::string between;
  };

  std::string indent_of(std::size_t at) const;
  bool begins_line(std::size_t at) const;
  std::string inner_indent(const Json5Node& node) const;
  std::size_t comma_after(std::size_t at) const;
  std::size_t end_of_line_after(std::size_t at) const;
  bool on_one_line(const Json5Node& node) const;
  TextStyle style_at(std::size_t at) const;
  std::size_t remove(const Json5Node& node, const std::vector<std::size_t>& removed);
  void add(const Json5Node& node, const std::vector<Added>& added, const Last& last,
           std::size_t free);
  std::string items_text(const Json5Node& node, const std::vector<Added>& added,
                         const Written& how) const;

  std::string_view text_;
  const Json5Node& root_;
  TextStyle style_;
  std::vector<Cut> cuts_;
};

}  // namespace carapace::config

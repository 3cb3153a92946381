// What a Document keeps of its files: the merged nodes, each with the file that it came from.
// Inside config/read/ only.
#pragma once

#include <mutex>

#include "base/json_fwd.h"
#include "config/read/document.h"

namespace carapace::config {

struct Document::Content {
  Json5Node root;  // `file` of a node is an index into Document::files
  // The same without places. Made when somebody asks: a start needs only its own copy, with
  // references filled in.
  const json::value& tree() const {
    std::call_once(made_, [this] { tree_ = to_json(root); });
    return tree_;
  }

 private:
  mutable std::once_flag made_;
  mutable json::value tree_;
};

}  // namespace carapace::config

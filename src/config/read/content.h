// What a Document keeps of its files: the merged nodes, each with the file that it came from.
// Inside config/read/ only.
#pragma once

#include "base/json_fwd.h"
#include "config/read/document.h"

namespace carapace::config {

struct Document::Content {
  Json5Node root;  // `file` of a node is an index into Document::files
  json::value tree = json::object();
};

}  // namespace carapace::config

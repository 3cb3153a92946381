// The tree that the paths of rows span. Inside `config/` only. The nodes lie in one array, children
// of a node side by side and sorted, names point into the rows: made without a copy of any text.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "config/schema.h"
#include "log/redact.h"

namespace carapace::config {

struct Schema::Node {
  std::string_view name;
  const FieldRow* row = nullptr;
  std::uint32_t first = 0;  // of the children, in the array
  std::uint32_t count = 0;
  std::uint32_t any = 0;  // the child `*`; 0 when there is none, since the root is nobody's child
  bool demands = false;   // a child is required
};

class SchemaWalk {
 public:
  using Node = Schema::Node;
  explicit SchemaWalk(const Schema& schema) : nodes_(schema.nodes_) {}

  const Node& root() const { return nodes_.front(); }
  std::span<const Node> children(const Node& node) const {
    return {nodes_.data() + node.first, node.count};
  }
  // By name, else the one for any name.
  const Node* child(const Node& node, std::string_view key) const {
    const auto all = children(node);
    const auto found = std::ranges::lower_bound(all, key, {}, &Node::name);
    if (found != all.end() && found->name == key && key != "*") return &*found;
    return any(node);
  }
  // Is the value of `key` secret by the node that it led to? A row is believed, but one for any
  // name and any value knows too little: there, and where no row is, the name decides.
  static bool is_secret(const Node* node, std::string_view key) {
    if (node == nullptr || node->row == nullptr) return log::is_secret_name(key);
    if (node->row->secret) return true;
    return node->name == "*" && node->row->type == FieldType::any && log::is_secret_name(key);
  }
  const Node* any(const Node& node) const { return node.any == 0 ? nullptr : &nodes_[node.any]; }
  const Node* at(const KeyPath& path) const {
    const auto* node = &root();
    for (const auto& part : path)
      if (node = child(*node, part); node == nullptr) return nullptr;
    return node;
  }
  // Names that the user does not choose.
  std::vector<std::string_view> names(const Node& node) const {
    std::vector<std::string_view> out;
    for (const auto& one : children(node))
      if (one.name != "*") out.push_back(one.name);
    return out;
  }

 private:
  std::span<const Node> nodes_;
};

}  // namespace carapace::config

// Rows as a tree in the order in which their paths first appear, for texts that are made from all
// of them. Inside `config/` only.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/field_row.h"
#include "base/text.h"

namespace carapace::config {

struct Branch {
  std::string_view name = {};
  const FieldRow* row = nullptr;
  std::vector<std::unique_ptr<Branch>> children = {};

  Branch* find(std::string_view wanted) const {
    for (const auto& entry : children)
      if (entry->name == wanted) return entry.get();
    return nullptr;
  }
  Branch& child(std::string_view wanted) {
    if (auto* found = find(wanted)) return *found;
    children.push_back(std::make_unique<Branch>());
    children.back()->name = wanted;
    return *children.back();
  }
  // Of two rows with one path the first counts.
  void add(const FieldRow& one) {
    auto* at = this;
    for (const auto part : split(one.path, '.')) at = &at->child(part);
    if (at->row == nullptr) at->row = &one;
  }
};

}  // namespace carapace::config

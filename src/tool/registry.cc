#include "tool/registry.h"

#include <utility>

namespace carapace::tool {

Registry::Registry(std::span<const Spec* const> rows, const Ports& ports) {
  for (const auto* row : rows) entries_.push_back({row, row->make(ports)});
}

Registry::Registry(std::vector<Entry> entries) : entries_(std::move(entries)) {}

const Registry::Entry* Registry::find(std::string_view name) const {
  if (const auto mark = name.find("<|"); mark != std::string_view::npos)
    name = name.substr(0, mark);
  constexpr std::string_view kNamespace = "functions.";
  if (name.starts_with(kNamespace)) name.remove_prefix(kNamespace.size());
  for (const auto& entry : entries_)
    if (entry.spec->name == name) return &entry;
  return nullptr;
}

}  // namespace carapace::tool

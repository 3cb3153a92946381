#include "tool/registry.h"

#include <utility>

namespace carapace::tool {

namespace {

std::vector<Registry::Entry> make_entries(std::span<const Spec* const> rows, const Ports& ports) {
  std::vector<Registry::Entry> entries;
  for (const auto* row : rows) entries.push_back({row, row->make(ports)});
  return entries;
}

}  // namespace

Registry::Registry(std::span<const Spec* const> rows, const Ports& ports)
    : Registry(make_entries(rows, ports)) {}

Registry::Registry(std::vector<Entry> entries)
    : entries_(std::make_shared<const std::vector<Entry>>(std::move(entries))) {}

const Registry::Entry* Registry::find(std::string_view name) const {
  if (const auto mark = name.find("<|"); mark != std::string_view::npos)
    name = name.substr(0, mark);
  constexpr std::string_view kNamespace = "functions.";
  if (name.starts_with(kNamespace)) name.remove_prefix(kNamespace.size());
  for (const auto& entry : *entries_)
    if (entry.spec->name == name) return &entry;
  return nullptr;
}

}  // namespace carapace::tool

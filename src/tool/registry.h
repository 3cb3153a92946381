// The tools of this gateway: rows and the objects made from them. Built by app/, and built anew
// when their configuration changes; a turn copies the registry, which keeps the tools it began
// with. Loop thread.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "tool/contract.h"

namespace carapace::tool {

class Registry {
 public:
  struct Entry {
    const Spec* spec = nullptr;
    std::unique_ptr<Tool> tool;
  };

  // Makes every tool of the rows, in the rows' order.
  Registry(std::span<const Spec* const> rows, const Ports& ports);
  // From ready entries: for tests and for replay.
  explicit Registry(std::vector<Entry> entries);

  // nullptr when there is no such tool. Models sometimes add a namespace ("functions.x") or a
  // trailing channel mark; those are looked past.
  const Entry* find(std::string_view name) const;
  std::span<const Entry> entries() const { return *entries_; }

 private:
  std::shared_ptr<const std::vector<Entry>> entries_;
};

}  // namespace carapace::tool

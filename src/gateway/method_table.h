// All methods, found by name. Built once from methods/builtin.def; immutable. Any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gateway/method_row.h"

namespace carapace::gateway {

class MethodTable {
 public:
  MethodTable();
  const MethodRow* find(std::string_view name) const;
  const std::unordered_map<std::string_view, const MethodRow*>& rows() const { return rows_; }
  // {"methods":[…],"events":[…]} as hello-ok carries it.
  const std::string& features() const { return features_; }

 private:
  std::unordered_map<std::string_view, const MethodRow*> rows_;
  std::string features_;
};

}  // namespace carapace::gateway

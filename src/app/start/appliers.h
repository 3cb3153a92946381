// Who in a running house takes over which keys: one row for each part, with the keys that it
// covers. A row of the schema that says "hot" or names a part is covered by one of these, which a
// test holds against the schema. Turns that run keep what they began with, and connected clients
// stay. Loop thread.
#pragma once

#include <span>
#include <string_view>

#include "app/start/house.h"
#include "config/reload_plan.h"

namespace carapace::app {

struct Applier {
  std::string_view name;
  std::span<const std::string_view> keys;  // these, and all below them
  void (*apply)(House::Impl& house);       // from `house.plan`, which is the new one
};

std::span<const Applier> appliers();
bool covers(const Applier& applier, std::string_view path);

// Calls each applier that covers a change which applies now, once, in their order.
void apply_changes(House::Impl& house, const config::ReloadPlan& what);

}  // namespace carapace::app

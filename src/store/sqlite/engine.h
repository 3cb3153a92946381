// Opening the SQLite engine with the settings that only tests turn. Everybody else calls
// `open_engine`.
#pragma once

#include <memory>
#include <span>

#include "store/engine.h"
#include "store/sqlite/migrations.h"

namespace carapace::store {

struct EngineTuning {
  std::span<const Migration> steps = known_migrations();
  bool synchronous =
      true;  // false: acknowledged work is lost with the power; shows that the tests notice
};

Result<std::unique_ptr<Engine>> open_sqlite_engine(const OpenOptions& options,
                                                   const EngineTuning& tuning);

}  // namespace carapace::store

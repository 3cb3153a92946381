// The composition root of a running gateway: the one place where its objects meet, as members in
// floor order. Made by `carapace start`; loop thread.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/reload/keeper.h"
#include "app/start/plan.h"
#include "async/loop.h"
#include "async/task.h"
#include "base/error.h"

namespace carapace::app {

class House {
 public:
  // Opens the store and builds everything; nothing listens yet. conflict: another gateway uses the
  // state directory. unauthorized: the gateway's own credential cannot be opened. cancelled:
  // `stop`. Runs the loop while that credential is opened. The keeper outlives the house.
  static Result<std::unique_ptr<House>> build(Loop& loop, std::shared_ptr<const Plan> plan,
                                              Keeper& keeper, const Stop& stop);
  ~House();
  House(const House&) = delete;
  House& operator=(const House&) = delete;

  // Listens; then picks a model, takes up what the last stop left, and lets the keeper change it.
  Status listen();
  std::uint16_t port() const;
  // Stops accepting, drains running turns for at most `drain_ms`, closes clients, stops the loop.
  // `restart_expected_ms`: clients are told when to come back.
  void begin_shutdown(std::string reason, std::int64_t drain_ms,
                      std::optional<std::int64_t> restart_expected_ms = {});
  // After the loop stopped: ends what is left, so that the loop can run for another house.
  Task<void> ended();

  struct Impl;  // house_impl.h

 private:
  explicit House(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace carapace::app

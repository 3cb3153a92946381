// The composition root of a running gateway: the one place where its objects meet, as members in
// floor order. Made by `carapace start`; loop thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/start/plan.h"
#include "async/loop.h"
#include "async/task.h"
#include "base/error.h"

namespace carapace::app {

class House {
 public:
  // Opens the store and builds everything; nothing listens yet. conflict: another gateway uses the
  // state directory. The plan outlives the house.
  static Result<std::unique_ptr<House>> build(Loop& loop, const Plan& plan);
  ~House();
  House(const House&) = delete;
  House& operator=(const House&) = delete;

  // Listens; then picks a model and takes up what the last stop left.
  Status listen();
  std::uint16_t port() const;
  // Stops accepting, drains running turns for at most `drain_ms`, closes clients, stops the loop.
  void begin_shutdown(std::string reason, std::int64_t drain_ms);

 private:
  struct Impl;
  explicit House(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace carapace::app

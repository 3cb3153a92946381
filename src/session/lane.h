// A session is a lane: one turn at a time, in the order of acceptance. A lane exists while it has
// work; back-pressure is its bound. Owned by dispatch; loop thread.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/stop.h"
#include "async/task.h"
#include "domain/ids.h"
#include "domain/session_key.h"

namespace carapace {
class TaskGroup;
}

namespace carapace::session {

class Lanes {
 public:
  // Runs one turn to its end; never throws. Called once per admitted run.
  using Turn = std::function<Task<void>(RunId run, Stop stop)>;

  // `per_lane` bounds what may wait in one session, `at_once` how many turns run together in all.
  Lanes(TaskGroup& group, Turn turn, std::size_t per_lane, std::size_t at_once);
  ~Lanes();

  bool idle(const SessionKey& key) const;  // nothing running, nothing waiting
  // May one more wait, when `coming` are already on their way into the lane?
  bool has_room(const SessionKey& key, std::size_t coming = 0) const;
  // Adds a run at the end of its lane and starts the lane when it slept.
  void push(const SessionKey& key, RunId run);
  // Asks runs to stop: one, or all of the lane when `run` is empty. A waiting run still reaches its
  // turn, with the stop already requested, so that it ends visibly. Answers which runs were asked.
  std::vector<RunId> stop(const SessionKey& key, const RunId& run, const std::string& reason);
  // No further turn begins, also none that is pushed from now on; running ones go on. For shutdown.
  void hold();
  // After `hold`: running turns are asked to stop; what waits stays accepted in the
  // store for the next start.
  void stop_all(const std::string& reason);
  std::size_t running() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace carapace::session

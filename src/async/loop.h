// The one logic thread. Everything above floor 2 runs on it; other threads hand results over with
// `post`. Owned by `app/`; created before and destroyed after all that runs on it.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>

#include "async/task.h"

namespace boost::asio {
class io_context;
}

namespace carapace {

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void run();                                       // until `stop` or until nothing is left to do
  void stop();                                      // thread-safe
  void post(std::move_only_function<void()> work);  // thread-safe; runs soon on the loop
  // Calls `handler(signal number)` on the loop for each delivery, for as long as the loop runs.
  void on_signal(std::initializer_list<int> signals, std::function<void(int)> handler);
  // Runs one task to its end on this loop and returns; for `main` of short commands and for tests.
  void run_task(Task<void> task);

  boost::asio::io_context& context();  // for floors 1 and 2 only

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace carapace

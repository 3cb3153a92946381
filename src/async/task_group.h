// Started work belongs to somebody: a TaskGroup starts tasks, can ask all of them to stop and waits
// for them. An owner joins its group before it dies (checked). Loop thread only. `cancel` unwinds
// each task at its next suspension on a timer, socket or mailbox; work already handed to another
// thread is waited for.
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>

#include "async/task.h"

namespace carapace {

class Loop;

class TaskGroup {
 public:
  // `on_failure` gets what a task threw (never its cancellation): the net of last resort.
  TaskGroup(Loop& loop, std::function<void(std::exception_ptr)> on_failure);
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  void spawn(Task<void> task);
  void cancel();
  Task<void> join();  // returns when no task is left
  std::size_t size() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace carapace

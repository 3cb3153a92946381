// The one writer: a thread with its connection that takes all waiting closures, runs each in a
// savepoint of one transaction, commits once (one fsync) and then wakes their callers together.
// Sleeps without waking while nothing waits. Owned by the engine; `submit` is called on the loop.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "async/completion.h"
#include "store/sqlite/connection.h"

namespace carapace::store {

class Writer {
 public:
  explicit Writer(std::unique_ptr<Connection> connection);
  ~Writer();  // commits what waits, then closes the connection
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void submit(std::move_only_function<Status(Statements&)> body, Waiter<Status> waiter);

 private:
  struct Job {
    std::move_only_function<Status(Statements&)> body;
    Waiter<Status> waiter;
    Status outcome;
  };

  void work();
  void run_batch(std::span<Job> batch);
  // False: an error inside a closure took the whole transaction with it, so nobody's work is kept.
  bool attempt(std::span<Job> batch);
  Status run_in_savepoint(std::move_only_function<Status(Statements&)>& body);
  void maybe_checkpoint(bool idle);

  std::unique_ptr<Connection> connection_;
  int log_pages_ = 0;  // of the write-ahead log; set by SQLite's hook on the writer's thread
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Job> queue_;
  bool closing_ = false;
  std::jthread thread_;  // last: it uses everything above
};

}  // namespace carapace::store

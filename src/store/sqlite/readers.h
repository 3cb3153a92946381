// Consistent reads beside the writer: a few threads, each query in a snapshot on a read-only
// connection of its own. Threads and connections come at the first query and stay. Owned by the
// engine.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "async/pool.h"
#include "store/sqlite/connection.h"

namespace carapace::store {

class Readers {
 public:
  explicit Readers(ConnectionOptions options);

  Task<Status> query(std::move_only_function<Status(Statements&)> body);

 private:
  Status run(std::move_only_function<Status(Statements&)>& body);
  Result<std::unique_ptr<Connection>> borrow();
  void give_back(std::unique_ptr<Connection> connection);

  ConnectionOptions options_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
  Pool pool_;  // last: its threads use everything above
};

}  // namespace carapace::store

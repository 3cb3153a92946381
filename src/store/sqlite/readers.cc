#include "store/sqlite/readers.h"

#include <utility>

namespace carapace::store {
namespace {

constexpr std::size_t kThreads = 2;

}  // namespace

Readers::Readers(ConnectionOptions options)
    : options_(std::move(options)), pool_("store-read", kThreads) {
  options_.read_only = true;
}

Task<Status> Readers::query(std::move_only_function<Status(Statements&)> body) {
  return offload(pool_, [this, body = std::move(body)]() mutable {
    auto outcome = run(body);
    body = nullptr;  // what it captured dies here, before the caller goes on
    return outcome;
  });
}

Status Readers::run(std::move_only_function<Status(Statements&)>& body) {
  TRY(auto connection, borrow());
  TRY_STATUS(connection->script("BEGIN"));
  Status outcome;
  try {
    outcome = body(*connection);
  } catch (const std::exception& error) {
    outcome = fail(Errc::internal, "a store closure threw: {}", error.what());
  }
  // A connection that cannot even end its snapshot is dropped; the next query opens another.
  if (!connection->in_transaction() || connection->script("COMMIT"))
    give_back(std::move(connection));
  return outcome;
}

Result<std::unique_ptr<Connection>> Readers::borrow() {
  {
    const std::scoped_lock lock(mutex_);
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  return Connection::open(options_);
}

void Readers::give_back(std::unique_ptr<Connection> connection) {
  const std::scoped_lock lock(mutex_);
  idle_.push_back(std::move(connection));
}

}  // namespace carapace::store

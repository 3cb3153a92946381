#include "store/sqlite/writer.h"

#include <pthread.h>
#include <sqlite3.h>

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "log/log.h"

namespace carapace::store {
namespace {

constexpr log::Log kLog{"store"};
constexpr std::size_t kBatch = 256;
// The log is moved into the file when it is this long and nobody waits, or at the latest at four
// times that.
constexpr int kCheckpointPages = 1'000;
constexpr int kCheckpointPagesAtLatest = 4 * kCheckpointPages;

Status without_count(Result<std::int64_t> answer) {
  TRY_STATUS(std::move(answer));
  return {};
}

}  // namespace

Writer::Writer(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {
  ::sqlite3_wal_hook(
      connection_->handle(),
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Writer*>(self)->log_pages_ = pages;
        return SQLITE_OK;
      },
      this);
  thread_ = std::jthread([this] { work(); });
  ::pthread_setname_np(thread_.native_handle(), "store-write");
}

Writer::~Writer() {
  {
    const std::scoped_lock lock(mutex_);
    closing_ = true;
  }
  ready_.notify_one();
  thread_.join();
}

void Writer::submit(std::move_only_function<Status(Statements&)> body, Waiter<Status> waiter) {
  {
    const std::scoped_lock lock(mutex_);
    queue_.push_back({std::move(body), std::move(waiter), {}});
  }
  ready_.notify_one();
}

void Writer::work() {
  std::vector<Job> batch;
  std::unique_lock lock(mutex_);
  for (;;) {
    ready_.wait(lock, [this] { return closing_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(kBatch, queue_.size()));
    batch.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
    lock.unlock();
    run_batch(batch);
    std::vector<std::pair<Waiter<Status>, Status>> answers;
    answers.reserve(batch.size());
    for (auto& job : batch) {
      job.body = nullptr;  // what it captured dies here, before its caller goes on
      answers.emplace_back(std::move(job.waiter), std::move(job.outcome));
    }
    batch.clear();
    complete_all(std::move(answers));
    lock.lock();
    const bool idle = queue_.empty();
    lock.unlock();
    maybe_checkpoint(idle);
    lock.lock();
  }
}

void Writer::run_batch(std::span<Job> batch) {
  if (attempt(batch) || batch.size() == 1) return;
  // Each gets a second chance alone, so that only those fail that cannot succeed.
  for (auto& job : batch) attempt({&job, 1});
}

bool Writer::attempt(std::span<Job> batch) {
  auto& db = *connection_;
  if (auto begun = db.run("BEGIN IMMEDIATE"); !begun) {
    for (auto& job : batch) job.outcome = std::unexpected(begun.error());
    return true;
  }
  for (auto& job : batch) {
    job.outcome = run_in_savepoint(job.body);
    if (db.in_transaction()) continue;
    if (job.outcome)
      job.outcome = fail(Errc::unavailable, "the store {} lost a transaction", db.path());
    return false;
  }
  auto committed = db.run("COMMIT");
  if (committed) return true;
  kLog.error("a commit failed", {{"error", committed.error().detail}});
  if (db.in_transaction()) (void)db.run("ROLLBACK");
  for (auto& job : batch)
    if (job.outcome) job.outcome = std::unexpected(committed.error());
  return true;
}

// The error of a closure undoes only its own work.
Status Writer::run_in_savepoint(std::move_only_function<Status(Statements&)>& body) {
  auto& db = *connection_;
  TRY_STATUS(db.run("SAVEPOINT closure"));
  Status outcome;
  db.require_transaction(true);
  try {
    outcome = body(db);
  } catch (const std::exception& error) {
    outcome = fail(Errc::internal, "a store closure threw: {}", error.what());
  }
  db.require_transaction(false);
  if (!db.in_transaction()) return outcome;
  auto settled = outcome ? Status() : without_count(db.run("ROLLBACK TO closure"));
  if (settled) settled = without_count(db.run("RELEASE closure"));
  if (settled) return outcome;
  (void)db.run("ROLLBACK");  // work that could not be undone must not ride in the commit of others
  return settled;
}

void Writer::maybe_checkpoint(bool idle) {
  if (log_pages_ < (idle ? kCheckpointPages : kCheckpointPagesAtLatest)) return;
  log_pages_ = 0;
  connection_->checkpoint();
}

}  // namespace carapace::store
